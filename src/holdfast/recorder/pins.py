"""Certificates that are pinned: the first one that is seen at a place is the only one that is taken from then on."""

import logging
from collections.abc import Mapping

from holdfast.domain.certificates import CertificateForgotten, CertificateRecord
from holdfast.domain.streams import StreamAddress
from holdfast.policy.addresses import certificate_place
from holdfast.ports.catalog import CatalogWrites
from holdfast.ports.clock import Clock

LOG = logging.getLogger("holdfast.rtsp")


class Pins:
    """What all streams of a recorder know of certificates. Streams behind one place share its pin."""

    def __init__(self, known: Mapping[str, str], clock: Clock, catalog: CatalogWrites) -> None:
        """`known`: fingerprints by place, from earlier lives."""
        self._known, self._clock, self._catalog = dict(known), clock, catalog

    def of(self, address: StreamAddress) -> str:
        """The fingerprint of the only certificate that is taken; empty: any, or any that can be verified."""
        return address.pin or self._known.get(_place(address), "")

    def saw(self, address: StreamAddress, camera: str, fingerprint: str) -> None:
        """Pin a certificate, when it is the first one there and is to be pinned."""
        place = _place(address)
        if not place or address.pin or place in self._known:
            return
        self._known[place] = fingerprint
        LOG.info("%s: the certificate of %s is pinned: %s", camera, place, fingerprint)
        seen_wall_ns = self._clock.wall_ns()
        self._catalog.post(
            CertificateRecord(place=place, fingerprint=fingerprint, seen_wall_ns=seen_wall_ns, camera=camera)
        )

    def forget(self, address: StreamAddress) -> str:
        """Take the next certificate, whichever it is. The fingerprint that is forgotten, empty when there is none."""
        place = _place(address)
        fingerprint = self._known.pop(place, "")
        if fingerprint:
            LOG.info("the certificate of %s is forgotten by the user: %s", place, fingerprint)
            self._catalog.post(CertificateForgotten(place=place))
        return fingerprint


def _place(address: StreamAddress) -> str:
    """Where the stream's certificate belongs; empty when none of it is pinned."""
    return certificate_place(address.url) if address.pins and not address.verify else ""
