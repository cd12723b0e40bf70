"""`GET /timeline` of the control interface: for whoever draws what there is and looks for a moment in it."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from holdfast.app.daemon import in_daemon
from holdfast.app.timeline_account import (
    MOST_CELLS,
    TimelineAsked,
    TooManyCellsError,
    UnknownCameraError,
    timeline_cells,
    timeline_lists,
)
from holdfast.domain.times import WallNs
from holdfast.policy.timeline import Known
from holdfast.ports.catalog import CatalogError, CatalogReads

if TYPE_CHECKING:
    from aiohttp import web

MOST_SEGMENTS = 10_000
"""In one answer of exact lists: who wants more asks for a part of the time, or reads the catalog."""
MOST_CAMERAS = 256
MOST_AT_ONCE = 2
"""Questions that are worked on; others wait. All the past of many cameras takes a second, and it is the recorder's."""
PATIENCE_S = 20.0
_MOST_NS = 1 << 62


class TimelineAnswers:
    """Answers for one recorder."""

    def __init__(self, catalog: CatalogReads) -> None:
        """Nothing is asked yet."""
        self._catalog = catalog
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)

    async def answer(self, request: "web.Request") -> "web.Response":
        """The answer, or the refusal."""
        from aiohttp import web

        try:
            asked = _asked(request.query.getall("camera", []), dict(request.query))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        body, status = await self._answer_to(asked)
        return web.json_response(body, status=status)

    async def _answer_to(self, asked: TimelineAsked) -> tuple[dict[str, Any], int]:
        now_ns = WallNs(time.time_ns())
        known = Known(now_ns, now_ns)
        look: Callable[[], dict[str, Any]]
        if asked.cells is None:
            look = partial(timeline_lists, self._catalog, asked, known, MOST_SEGMENTS)
        else:
            look = partial(timeline_cells, self._catalog, asked, known)
        try:
            async with asyncio.timeout(PATIENCE_S), self._turns:
                return await in_daemon(look), 200
        except UnknownCameraError as unknown:
            return {"error": f"there is no camera {unknown} in this recorder"}, 404
        except TooManyCellsError:
            return {"error": "too many cells: ask for fewer, or for fewer cameras"}, 400
        except CatalogError as error:
            return {"error": str(error)}, 503
        except TimeoutError:
            return {"error": "the catalog does not answer in time: ask for less, or later"}, 503


def _asked(cameras: list[str], query: dict[str, str]) -> TimelineAsked:
    """Raises ValueError with a sentence."""
    reason = "from_ns and to_ns must be nanoseconds since 1970, from_ns the earlier one"
    try:
        from_ns, to_ns = int(query["from_ns"]), int(query["to_ns"])
    except (KeyError, ValueError):
        raise ValueError(reason) from None
    if not 0 <= from_ns < to_ns < _MOST_NS:
        raise ValueError(reason)
    if len(cameras) > MOST_CAMERAS:
        reason = f"at most {MOST_CAMERAS} cameras may be named"
        raise ValueError(reason)
    return TimelineAsked(
        cameras=tuple(cameras), from_ns=WallNs(from_ns), to_ns=WallNs(to_ns), cells=_cells(query.get("cells"))
    )


def _cells(text: str | None) -> int | None:
    if text is None:
        return None
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_CELLS))
    if not (is_number and 1 <= int(text) <= MOST_CELLS):
        reason = f"cells must be a number from 1 to {MOST_CELLS}"
        raise ValueError(reason)
    return int(text)
