"""Pipelines as data: a branch is a list of elements, and one function builds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from holdfast.media.gi import Gst

PACKAGES: Mapping[str, str] = {
    "rtspsrc": "gstreamer1.0-plugins-good",
    "rtph264depay": "gstreamer1.0-plugins-good",
    "rtph265depay": "gstreamer1.0-plugins-good",
    "rtpjitterbuffer": "gstreamer1.0-plugins-good",
    "rtpmp4gdepay": "gstreamer1.0-plugins-good",
    "rtppcmudepay": "gstreamer1.0-plugins-good",
    "rtppcmadepay": "gstreamer1.0-plugins-good",
    "mulawdec": "gstreamer1.0-plugins-good",
    "alawdec": "gstreamer1.0-plugins-good",
    "aacparse": "gstreamer1.0-plugins-good",
    "audioconvert": "gstreamer1.0-plugins-base",
    "audioresample": "gstreamer1.0-plugins-base",
    "voaacenc": "gstreamer1.0-plugins-bad",
    "mp4mux": "gstreamer1.0-plugins-good",
    "h264parse": "gstreamer1.0-plugins-bad",
    "h265parse": "gstreamer1.0-plugins-bad",
    "h264timestamper": "gstreamer1.0-plugins-bad",
    "h265timestamper": "gstreamer1.0-plugins-bad",
    "errorignore": "gstreamer1.0-plugins-bad",
    "capsfilter": "libgstreamer1.0-0",
    "fakesink": "libgstreamer1.0-0",
    "fdsink": "libgstreamer1.0-0",
    "queue": "libgstreamer1.0-0",
    "tee": "libgstreamer1.0-0",
    "valve": "libgstreamer1.0-0",
}
"""Which Debian package brings each element that is used anywhere in the recorder."""


class ElementMissing(RuntimeError):
    """GStreamer has no such element here."""

    def __init__(self, factory: str) -> None:
        """Name the element and the Debian package that has it."""
        self.factory = factory
        self.package = PACKAGES.get(factory, "gstreamer1.0-plugins-bad")
        super().__init__(
            f"GStreamer's element {factory} is missing: install the package {self.package} "
            f"(sudo apt install {self.package})."
        )


@dataclass(frozen=True, slots=True)
class Element:
    """One element to be made: the role it plays is its name."""

    factory: str
    name: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    sink_pad: str | None = None
    """Which of its pads to link, where the element would guess wrong (mp4mux takes unknown caps for audio)."""


def missing_elements() -> list[ElementMissing]:
    """Every element that the recorder needs and that is not installed."""
    return [ElementMissing(factory) for factory in PACKAGES if Gst.ElementFactory.find(factory) is None]


def make(element: Element) -> Any:
    """Make one element and set its properties. Raises ElementMissing."""
    made = Gst.ElementFactory.make(element.factory, element.name)
    if made is None:
        raise ElementMissing(element.factory)
    for name, value in element.properties.items():
        if isinstance(value, str):
            Gst.util_set_object_arg(made, name, value)
        else:
            made.set_property(name, value)
    return made


def build_bin(name: str, elements: Sequence[Element]) -> Any:
    """Make the elements, link them in order, and put them into a bin with a ghost pad "sink"."""
    bin_ = Gst.Bin.new(name)
    made = [make(element) for element in elements]
    for one in made:
        bin_.add(one)
    for left, right, element in zip(made, made[1:], elements[1:], strict=False):
        if not left.link_pads(None, right, element.sink_pad):
            raise RuntimeError(f"{left.get_name()} cannot be linked to {right.get_name()}")
    wanted = elements[0].sink_pad
    entry = made[0].get_static_pad("sink") if wanted is None else made[0].request_pad_simple(wanted)
    bin_.add_pad(Gst.GhostPad.new("sink", entry))
    return bin_


def ancestor_names(element: Any) -> list[str]:
    """Names of the element and of the bins around it, innermost first."""
    names = []
    while element is not None:
        names.append(element.get_name())
        element = element.get_parent()
    return names
