"""What `holdfast check` tells while it works and when it has ended."""

from dataclasses import dataclass
from pathlib import Path

from holdfast.app.check_file import Finding, FindingKind

MOST_FINDINGS = 100_000
"""Findings listed; further ones are counted only."""


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """How far a check is. Folders are days of cameras."""

    folder: str
    folders_done: int
    folders_total: int
    files: int
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What a check found and did."""

    root: Path
    is_repair: bool
    findings: tuple[Finding, ...]
    """At most MOST_FINDINGS of them, in the order of folders."""
    counts: dict[FindingKind, int]
    """All findings by kind, also those that are not listed."""
    files: int
    """Segments' files looked at."""
    rows: int
    """Rows of the catalog looked at."""
    in_use: int
    """Files left alone because a running recorder has them in its hands."""
    set_aside: int
    """Files that an earlier repair found unplayable and renamed."""
    unresolved: int
    """Findings that are trouble and were not mended."""
    was_stopped: bool = False

    @property
    def is_clean(self) -> bool:
        """Whether nothing is left to do."""
        return self.unresolved == 0 and not self.was_stopped
