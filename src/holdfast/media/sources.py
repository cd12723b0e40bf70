"""Every source by the name that the settings use. The contract tests run over this table."""

from collections.abc import Mapping

from holdfast.media.native.source import NativeSource
from holdfast.media.source import RtspSrcSource, SourceFactory

SOURCES: Mapping[str, SourceFactory] = {"native": NativeSource, "rtspsrc": RtspSrcSource}
