"""Data: MIND folders, vocabulary and word vectors, batches, and the built-in demo corpus."""
