"""What a user can mend: each is told in one line, without a traceback."""


class UserError(Exception):
    """Bad input: the message names the thing, what is wrong with it and what to do."""


class FaultError(Exception):
    """The world failed, not the input: a full disk, a process that died. The message says what."""
