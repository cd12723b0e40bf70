"""`GET /thumbnail` of the control interface: never on the event loop, and a few at once only."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.app.daemon import in_daemon
from holdfast.app.recording_root import STATE_FOLDER
from holdfast.app.thumbnail_maker import Maker
from holdfast.app.thumbnails import (
    DEFAULT_WIDTH,
    NoThumbnail,
    Places,
    Thumbnail,
    Thumbnails,
    VolumePlace,
    Why,
)
from holdfast.app.volumes_shown import VolumeShown
from holdfast.domain.segments import MAIN_VOLUME, VolumeRecord
from holdfast.domain.streams import StreamId
from holdfast.domain.times import WallNs
from holdfast.domain.volumes import VolumeState
from holdfast.ports.catalog import CatalogError, CatalogReads
from holdfast.storage.picture_cache import PictureCache

if TYPE_CHECKING:
    from aiohttp import web

CACHE_BYTES = 200 * 10**6
CACHE_NAME = "thumbnails"
"""In the state folder, which only the user may enter."""
MAKERS = 2
MOST_AT_ONCE = 8
"""More are told to come back: each holds a thread until its disk answers."""
RETRY_AFTER_S = 1
TIDY_EVERY_S = 600.0
MOST_NS = 1 << 63
_AWAY = frozenset({VolumeState.GONE, VolumeState.HUNG, VolumeState.REFUSED})
_STATUS = {Why.BAD: 400, Why.UNKNOWN: 404, Why.NO_FOOTAGE: 404, Why.AWAY: 503, Why.UNREADABLE: 422}


def cache_of(root: Path) -> PictureCache:
    """The pictures that are kept for the recorder whose catalog is in this folder."""
    return PictureCache(root / STATE_FOLDER / CACHE_NAME, CACHE_BYTES)


def places_of(
    known: Iterable[VolumeRecord],
    configured: Mapping[str, Path],
    root: Path,
    shown: Sequence[VolumeShown] = (),
) -> Places:
    """Where each volume may be: as the configuration says, as it was seen last, or moved with the catalog in `root`.

    Which of these it is, its marker says to whoever reads there. `shown`: how a running recorder finds them.
    """
    records = {one.name: one for one in known}
    states = {one.name: one for one in shown}
    places = {MAIN_VOLUME: VolumePlace((str(root),), "")} if not records and not configured else {}
    for name in {**records, **configured}:
        record, state = records.get(name), states.get(name)
        roots = [configured.get(name), None if record is None else record.path, root]
        trouble = state.sentence if state is not None and state.state in _AWAY else ""
        places[name] = VolumePlace(
            tuple(dict.fromkeys(str(one) for one in roots if one is not None)),
            "" if record is None else record.volume_id,
            trouble,
        )
    return places


class ThumbnailDesk:
    """Answers for one recorder."""

    def __init__(
        self,
        catalog: CatalogReads,
        root: Path,
        configured: Mapping[str, Path],
        volumes_now: Callable[[], Sequence[VolumeShown]],
    ) -> None:
        """Nothing is started before it is needed. `volumes_now` is called on the event loop."""
        self._catalog, self._root, self._configured, self._volumes_now = catalog, root, configured, volumes_now
        self._thumbnails = Thumbnails(catalog, cache_of(root), makers=[Maker() for _ in range(MAKERS)])
        self._slots = threading.BoundedSemaphore(MOST_AT_ONCE)

    async def answer(self, request: "web.Request") -> "web.StreamResponse":
        """A JPEG, or why there is none."""
        from aiohttp import web

        query = request.query
        try:
            camera, at_ns = query["camera"], int(query["at_ns"])
            width = int(query.get("width", DEFAULT_WIDTH))
            if not 0 <= at_ns < MOST_NS:
                raise ValueError(at_ns)
        except (KeyError, ValueError):
            error = "camera, at_ns (nanoseconds since 1970) and, if it is given, width (pixels) must be there"
            return web.json_response({"error": error}, status=400)
        stream = StreamId(camera, query.get("stream", "main"))
        if not self._slots.acquire(blocking=False):
            return web.json_response(
                {"error": f"{MOST_AT_ONCE} thumbnails are being made; ask again in a moment"},
                status=503,
                headers={"Retry-After": str(RETRY_AFTER_S)},
            )
        work = partial(self._carry_out, stream, WallNs(at_ns), width, tuple(self._volumes_now()))
        try:
            made = await in_daemon(work)
        except NoThumbnail as error:
            return web.json_response(_refusal(error), status=_STATUS[error.why])
        except CatalogError as error:
            return web.json_response({"error": str(error)}, status=503)
        headers = {
            "Holdfast-Wall-Ns": str(made.wall_ns),
            "Holdfast-Read-Bytes": str(made.read_bytes),
            "Cache-Control": "private, no-cache",
        }
        return web.Response(body=made.jpeg, content_type="image/jpeg", headers=headers)

    async def run(self) -> None:
        """Remove pictures of footage that is no more, now and then, until cancelled."""
        while True:
            await asyncio.sleep(TIDY_EVERY_S)
            # What cannot be looked up now is looked up the next time.
            await in_daemon(self._tidy)

    def close(self) -> None:
        """End the processes."""
        self._thumbnails.close()

    def _carry_out(self, stream: StreamId, at_ns: WallNs, width: int, shown: Sequence[VolumeShown]) -> Thumbnail:
        """On a thread of its own, which holds its slot as long as its disk holds it."""
        try:
            places = places_of(self._catalog.volumes(), self._configured, self._root, shown)
            return self._thumbnails.at(stream, at_ns, width, places)
        finally:
            self._slots.release()

    def _tidy(self) -> None:
        try:
            self._thumbnails.sweep()
        except CatalogError:
            return


def _refusal(error: NoThumbnail) -> dict[str, object]:
    said: dict[str, object] = {"error": error.sentence.replace("\n", " "), "why": error.why}
    if error.nearest is not None:
        near = error.nearest
        said |= {"cause": near.cause, "before_ns": near.before_ns, "after_ns": near.after_ns}
    return said
