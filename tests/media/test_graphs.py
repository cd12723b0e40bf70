"""Pictures of pipelines without the secrets that are in them."""

from pathlib import Path

import pytest

from holdfast.media import gi
from holdfast.media.elements import PACKAGES, Element, ElementMissing, ancestor_names, build_bin, make, missing_elements
from holdfast.media.gi import Gst
from holdfast.media.graphs import GraphFolder, graph_of, redact_graph


@pytest.fixture(autouse=True)
def gstreamer() -> None:
    gi.init()


@pytest.mark.parametrize(
    "password", ["geheim", "ge heim", 'ge"heim', "ge\\nheim", "ge\\lheim", "ge=heim,user-pw=x", "비밀"]
)
def test_a_password_is_not_in_the_graph(password: str) -> None:
    pipeline = Gst.Pipeline.new("pipeline")
    location = "rtsp://127.0.0.1/live"
    source = make(Element("rtspsrc", "rtspsrc", {"location": location, "user-id": "root", "user-pw": password}))
    source.set_property("user-pw", password)
    pipeline.add(source)
    assert "user-pw=" in Gst.debug_bin_to_dot_data(pipeline, Gst.DebugGraphDetails.ALL)
    graph = graph_of(pipeline)
    assert graph.startswith("digraph")
    assert "user-pw=***" in graph
    assert "heim" not in graph
    assert "비밀" not in graph
    assert "root" not in graph
    assert location in graph, "the rest is still there"


def test_the_user_part_of_a_url_is_not_in_the_graph() -> None:
    shown = redact_graph('label="rtspsrc\\nlocation=\\"rtsp://admin:geheim@10.0.0.1/live\\"\\luser-id=\\"admin\\"\\l"')
    assert "geheim" not in shown
    assert "admin" not in shown
    assert "10.0.0.1/live" in shown


def test_graphs_are_written_into_the_folder_that_gstreamer_is_not_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GST_DEBUG_DUMP_DOT_DIR", str(tmp_path))
    folder = GraphFolder.take_over()
    with pytest.raises(KeyError):
        monkeypatch.delenv("GST_DEBUG_DUMP_DOT_DIR")
    folder.write(Gst.Pipeline.new("cam/01-main-1"), "take-1")
    (path,) = tmp_path.iterdir()
    assert path.name.endswith("-cam_01-main-1-take-1.dot")
    assert path.read_text(encoding="utf-8").startswith("digraph")


def test_a_folder_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    folder = GraphFolder(tmp_path / "nowhere")
    for _ in range(2):
        folder.write(Gst.Pipeline.new("pipeline"), "occasion")
    GraphFolder(None).write(Gst.Pipeline.new("pipeline"), "occasion")
    assert list(tmp_path.iterdir()) == []


def test_a_branch_is_made_of_elements_in_order() -> None:
    branch = build_bin("branch", [Element("queue", "first", {"max-size-buffers": 7}), Element("fakesink", "last")])
    assert branch.get_by_name("first").get_property("max-size-buffers") == 7
    assert branch.get_static_pad("sink") is not None
    assert ancestor_names(branch.get_by_name("last")) == ["last", "branch"]
    pads = [branch.get_by_name("first").get_static_pad("src"), branch.get_by_name("last").get_static_pad("sink")]
    assert pads[0].get_peer() == pads[1]


def test_a_property_may_be_given_as_text() -> None:
    made = make(Element("queue", "queue", {"leaky": "downstream"}))
    assert made.get_property("leaky").value_nick == "downstream"


def test_elements_that_do_not_fit_are_said_by_name() -> None:
    with pytest.raises(RuntimeError, match="sink cannot be linked to queue"):
        build_bin("branch", [Element("fakesink", "sink"), Element("queue", "queue")])


def test_an_element_that_is_missing_is_said_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ElementMissing, match=r"nosuchelement is missing: install the package gstreamer1\.0"):
        make(Element("nosuchelement", "any"))
    assert ElementMissing("mp4mux").package == "gstreamer1.0-plugins-good"
    monkeypatch.setitem(PACKAGES, "nosuchelement", "gstreamer1.0-none")
    assert [(one.factory, one.package) for one in missing_elements()] == [("nosuchelement", "gstreamer1.0-none")]


def test_nothing_is_missing_here() -> None:
    assert missing_elements() == []


def test_a_gstreamer_that_is_too_old_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gi, "OLDEST_SUPPORTED", (99, 0))
    with pytest.raises(gi.GStreamerTooOld, match="is installed; Holdfast needs"):
        gi.init()
