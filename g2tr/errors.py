"""Exceptions that mean "the input was wrong", "the disk is", or "enough for now", not "the program is wrong"."""


class InputError(ValueError):
    """Bad input from outside; its message is one line that names what was given and what was wanted."""


class OutputError(Exception):
    """A result that cannot be written: what was wanted, why not, and what is safe; shown to the user as one line."""


class Stopped(BaseException):
    """A run was told to stop by a signal; no `Exception`, so that a sweep stops as well."""

    def __init__(self, number: int, message: str = "stopped") -> None:
        super().__init__(message)
        self.signal = number
