"""RTSP URLs as people write them: any user, any password, IPv6, no port, query strings (requirement C7)."""

import re
from urllib.parse import unquote, urlsplit

from holdfast.domain.secrets import redact
from holdfast.domain.streams import StreamAddress

SCHEMES = ("rtsp", "rtsps")
DEFAULT_PORT = 554
"""Of both schemes, as GStreamer has it; cameras often listen for rtsps at 322, which has to be written."""
RTSPS_PORT = 322
"""Of rtsps, for the client of our own (RFC 7826 section 20.1)."""
_HOST = re.compile(r"^(\[[0-9a-fA-F:.%a-z]+\]|[^\s:@\[\]]+)(:\d{1,5})?$")


class BadAddress(ValueError):
    """The URL cannot be used; the text says why, and holds no secret."""


def parse_url(url: str, password: str | None = None, source: str = "auto") -> StreamAddress:
    """The address in a URL. `password` is used when the URL has a user and no password. Raises BadAddress."""
    scheme, separator, rest = url.strip().partition("://")
    shown = _shown(url.strip())
    if not separator or scheme.lower() not in SCHEMES:
        raise BadAddress(
            f"{shown} is no RTSP URL. It must begin with rtsp:// or rtsps://, such as rtsp://192.0.2.10:554/stream1."
        )
    userinfo, bare = _split_userinfo(rest)
    host = re.split(r"[/?#]", bare, maxsplit=1)[0]
    if not _HOST.match(host) or not _has_good_port(scheme, bare):
        raise BadAddress(
            f"{shown} has no usable host and port. Write rtsp://HOST:PORT/PATH; IPv6 in brackets, such as [::1]."
        )
    user, colon, own_password = (userinfo or "").partition(":")
    return StreamAddress(
        url=f"{scheme.lower()}://{bare}",
        user=unquote(user),
        password=unquote(own_password) if colon else (password or ""),
        source=source,
    )


def place_of(address: StreamAddress) -> str:
    """The URL in a form that is the same for all ways to write it: two streams with one of these are one stream."""
    scheme, _, rest = address.url.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    tail = rest[len(host) :]
    if not re.search(r":\d+$", host):
        host += f":{DEFAULT_PORT}"
    return f"{scheme}://{host.lower()}{'' if tail == '/' else tail}"


def certificate_place(url: str) -> str:
    """host:port of an rtsps URL, in lower case: whoever shows a certificate there. Empty when it is no rtsps URL."""
    scheme, _, rest = url.partition("://")
    if scheme != "rtsps":
        return ""
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].lower()
    return host if re.search(r":\d+$", host) else f"{host}:{RTSPS_PORT}"


def _shown(url: str) -> str:
    """The URL without secrets, also when what ends the user part is all that is right about it."""
    return redact(url if "://" in url else url[url.rfind("@") + 1 :])


def _split_userinfo(rest: str) -> tuple[str | None, str]:
    """User part and the rest.

    By RFC 3986 the user part ends at the last "@" before the first "/", "?" or "#". People paste passwords as they are,
    so when that leaves no plausible host, it ends at the last "@" of all.
    """
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    userinfo, at, host = authority.rpartition("@")
    careless, _, bare = rest.rpartition("@")
    if (
        set(":@") & set(authority)
        and "@" in rest[len(authority) :]
        and not _is_plausible(host)
        and _HOST.match(re.split(r"[/?#]", bare)[0])
    ):
        return careless, bare
    return (userinfo if at else None), host + rest[len(authority) :]


def _is_plausible(host: str) -> bool:
    """Whether it is an address, a name with a dot, a name with a port, or this machine."""
    return _HOST.match(host) is not None and (host == "localhost" or any(sign in host for sign in ".:["))


def _has_good_port(scheme: str, bare: str) -> bool:
    try:
        port = urlsplit(f"{scheme}://{bare}").port
    except ValueError:
        return False
    return port is None or port > 0
