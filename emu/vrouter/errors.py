"""Errors that a person gets to see: one sentence each, what is wrong and what to do."""


class EmuError(Exception):
    pass


class Timeout(EmuError):
    """What was waited for did not come in time."""
