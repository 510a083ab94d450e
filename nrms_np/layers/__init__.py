"""The layers of NRMS: each file holds a forward pass with its hand-derived backward pass under it."""
