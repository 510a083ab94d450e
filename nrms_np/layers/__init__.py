"""The layers of NRMS: each file holds a forward pass with its hand-derived backward pass under it.

Each forward returns (out, cache), and its backward takes (dout, cache) and returns the gradients of the forward's
arguments in their order; the gradient of ``x`` is called ``dx``. A cache is a tuple, so nothing is kept on
objects and a layer can be used twice. A layer computes in the dtype of its input: float32 to train, float64 and complex
numbers to check gradients.
"""
