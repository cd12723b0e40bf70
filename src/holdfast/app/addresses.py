"""RTSP URLs on the command line: what cannot be used ends the command."""

from holdfast.app.language import translated
from holdfast.app.problems import Exit, Problem
from holdfast.domain.streams import StreamAddress
from holdfast.policy.addresses import BadAddress, parse_url


def parse_address(url: str, password: str | None = None, source: str = "auto") -> StreamAddress:
    """The address in a URL. `password` is used when the URL has a user and no password.

    Raises Problem with a sentence when the URL cannot be used.
    """
    try:
        return parse_url(url, password, source)
    except BadAddress as error:
        raise Problem(Exit.USAGE, translated(str(error))) from error
