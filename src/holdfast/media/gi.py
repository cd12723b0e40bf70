"""The only import of PyGObject in the recorder: versions are required and checked here, once."""

from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib as _GLib  # noqa: E402 - a version must be required before the import
from gi.repository import GObject as _GObject  # noqa: E402
from gi.repository import Gst as _Gst  # noqa: E402
from gi.repository import GstRtsp as _GstRtsp  # noqa: E402
from gi.repository import GstSdp as _GstSdp  # noqa: E402 - the type of rtspsrc's on-sdp argument

# PyGObject has no types of its own: everything behind this border is dynamic.
Gst: Any = _Gst
GLib: Any = _GLib
GObject: Any = _GObject
GstRtsp: Any = _GstRtsp
GstSdp: Any = _GstSdp

OLDEST_SUPPORTED = (1, 22)


class GStreamerTooOld(RuntimeError):
    """The installed GStreamer is older than the oldest one that is tested."""


def init() -> None:
    """Initialise GStreamer once in this process.

    Raises GStreamerTooOld with the version found and the one needed.
    """
    if not Gst.is_initialized():
        Gst.init(None)
    found = tuple(Gst.version())[:2]
    if found < OLDEST_SUPPORTED:
        raise GStreamerTooOld(
            f"GStreamer {found[0]}.{found[1]} is installed; Holdfast needs 1.22 or newer (Debian 12 or later)."
        )
