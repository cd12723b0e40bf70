"""Certificates that cameras showed, as the catalog keeps them."""

from dataclasses import dataclass

from holdfast.domain.segments import LOCAL_NODE
from holdfast.domain.times import WallNs


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRecord:
    """The only certificate that is taken at a place."""

    place: str
    """host:port, in lower case."""
    fingerprint: str
    """SHA-256 of the certificate, in hexadecimal."""
    seen_wall_ns: WallNs
    """When it was seen first."""
    camera: str = ""
    """The camera that showed it first; others may be behind the same place."""
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateForgotten:
    """Whatever certificate is shown next at a place is taken. Only the user says this."""

    place: str
    node: str = LOCAL_NODE
