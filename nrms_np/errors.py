"""Errors that the person at the keyboard can fix: one clear line, never a traceback."""


class InputError(ValueError):
    """Bad input: says what is wrong, where (file:line, id) and what to do."""

    def __init__(self, message: str):
        super().__init__(" ".join(message.splitlines()))  # a name in a file made by hand may hold line breaks


class OutputError(OSError):
    """A file cannot be written: the disk is full, the folder is read-only."""


class NonFiniteError(ArithmeticError):
    """A loss or gradient became NaN or infinite: training cannot go on from here."""
