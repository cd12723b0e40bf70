"""Errors in a real pipeline: which branch they are of, and which of them is told."""

from collections.abc import Iterator

import pytest

from holdfast.domain.faults import Branch, FaultKind
from holdfast.domain.streams import Mode, StreamAddress, StreamId
from holdfast.media import gi
from holdfast.media.gi import GLib, Gst
from holdfast.media.session import Session
from holdfast.policy.faults import classify
from holdfast.ports.capture import BranchFailed, Event, OpenSession, SessionFailed

ROUNDS = 200


class Rig:
    """A session that connects to nothing."""

    def __init__(self) -> None:
        gi.init()
        self.told: list[Event] = []
        address = StreamAddress("rtsp://127.0.0.1:9/", source="rtspsrc")
        command = OpenSession(StreamId("cam_01"), 1, address, Mode.BOTH, reorders=False, sound=True)
        self.session = Session(command, lambda event, _fds: self.told.append(event), lambda _session: None)

    def post(self, element: str, quark: int, code: int, text: str = "said so") -> None:
        """An error of an element, as GStreamer posts it."""
        source = self.session.pipeline.get_by_name(element)
        assert source is not None, element
        error = GLib.Error.new_literal(quark, text, code)
        source.post_message(Gst.Message.new_error(source, error, "debug"))

    def errors(self) -> list[SessionFailed | BranchFailed]:
        context = GLib.MainContext.default()
        for _ in range(ROUNDS):
            context.iteration(may_block=False)
        return [event for event in self.told if isinstance(event, SessionFailed | BranchFailed)]

    def end(self) -> None:
        self.session.close()
        context = GLib.MainContext.default()
        while not any(type(event).__name__ == "SessionEnded" for event in self.told):
            context.iteration(may_block=True)


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.end()


@pytest.mark.parametrize(
    ("element", "branch", "kind"),
    [
        ("recording-valve", Branch.RECORDING, FaultKind.MUX),
        ("recording-barrier", Branch.RECORDING, FaultKind.MUX),
        ("viewers", Branch.STREAMING, FaultKind.VIDEO_SINK),
        ("sound-valve", Branch.SOUND, FaultKind.SOUND),
        ("sound-barrier", Branch.SOUND, FaultKind.SOUND),
        ("rtspsrc", Branch.SOURCE, FaultKind.RTSP_NETWORK),
        ("tee", Branch.SOURCE, FaultKind.RTSP_NETWORK),
    ],
)
def test_an_error_is_of_the_branch_whose_bin_holds_its_element(
    rig: Rig, element: str, branch: Branch, kind: FaultKind
) -> None:
    rig.post(element, Gst.ResourceError.quark(), 7)
    (told,) = rig.errors()
    assert (told.error.branch, told.error.domain, told.error.code) == (branch, "gst-resource-error-quark", 7)
    assert classify(told.error).kind is kind
    assert isinstance(told, SessionFailed) == (branch is Branch.SOURCE)


def test_the_first_error_decides_and_what_follows_is_its_echo(rig: Rig) -> None:
    rig.post("rtspsrc", Gst.ResourceError.quark(), 15, "Unauthorized")
    rig.post("rtspsrc", Gst.StreamError.quark(), 1, "Internal data stream error.")
    rig.post("tee", Gst.CoreError.quark(), 1)
    (told,) = rig.errors()
    assert classify(told.error).kind is FaultKind.AUTHENTICATION
