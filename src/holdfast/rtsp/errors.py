"""The only exception that bytes of a camera can cause."""


class RtspError(Exception):
    """The camera breaks the protocol, or a limit that keeps this machine safe. The text is for a person."""
