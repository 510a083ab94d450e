"""From files to arrays: MIND folders, vocabulary, word vectors, and the built-in demo corpus."""
