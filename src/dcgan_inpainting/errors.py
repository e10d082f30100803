"""The error that a user can mend: one clear line, no traceback."""


class UserError(Exception):
    """Bad input: the message names the thing, what is wrong with it and what to do."""
