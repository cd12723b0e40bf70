"""Pictures of pipelines in GStreamer's DOT text, without the secrets that it holds."""

import os
import re
import time
from pathlib import Path
from typing import Any

from holdfast.domain.secrets import redact
from holdfast.media.gi import Gst

_SECRET = re.compile(r"(user-id|user-pw|proxy-id|proxy-pw)=((?:\\.|[^\\\n])*?)(?=\\l|\\n|\n|$)")


def redact_graph(dot: str) -> str:
    """The same graph with user names, passwords and the user part of URLs taken out."""
    return redact(_SECRET.sub(r"\1=***", dot))


def graph_of(pipeline: Any) -> str:
    """The pipeline as DOT text, redacted."""
    return redact_graph(Gst.debug_bin_to_dot_data(pipeline, Gst.DebugGraphDetails.ALL))


class GraphFolder:
    """Honours GST_DEBUG_DUMP_DOT_DIR, with redacted files.

    GStreamer itself would write passwords into that folder, so it is not told of it: `take_over` removes the
    variable from the environment before GStreamer is initialised.
    """

    def __init__(self, folder: Path | None) -> None:
        """`None` writes nothing."""
        self._folder = folder

    @classmethod
    def take_over(cls) -> "GraphFolder":
        """Read and remove the variable."""
        folder = os.environ.pop("GST_DEBUG_DUMP_DOT_DIR", "")
        return cls(Path(folder) if folder else None)

    def write(self, pipeline: Any, occasion: str) -> None:
        """Write `<clock>-<pipeline>-<occasion>.dot`; a folder that cannot be written is no reason to stop."""
        if self._folder is None:
            return
        name = f"{time.monotonic_ns() // 1_000_000}-{pipeline.get_name()}-{occasion}.dot"
        try:
            (self._folder / name.replace("/", "_")).write_text(graph_of(pipeline), encoding="utf-8")
        except OSError:
            self._folder = None
