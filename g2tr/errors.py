"""The one exception that means "the input was wrong", not "the program is"."""


class InputError(ValueError):
    """Bad input from outside; its message is one line that names what was given and what was wanted."""
