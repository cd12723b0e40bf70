"""The Korean of every sentence that people see. tests/app/test_language.py says what is missing."""

from collections.abc import Mapping

from holdfast.app.korean.alarms import ALARMS
from holdfast.app.korean.backup import BACKUP_SAID, BACKUP_TOLD
from holdfast.app.korean.configuration import CONFIGURATION
from holdfast.app.korean.demo import DEMO, DISKS
from holdfast.app.korean.dialogue import DIALOGUE
from holdfast.app.korean.exporting import EXPORTED, EXPORTING
from holdfast.app.korean.faults import FAULTS
from holdfast.app.korean.findings import FINDINGS
from holdfast.app.korean.formats import FORMATS
from holdfast.app.korean.help import HELP
from holdfast.app.korean.keeping import KEEPING, KEEPING_TOLD
from holdfast.app.korean.library import LIBRARY, SYSTEM
from holdfast.app.korean.screens import SCREENS
from holdfast.app.korean.thumbnails import THUMBNAIL_WORDS, THUMBNAILS
from holdfast.app.korean.timeline import TIMELINE, TIMELINE_TOLD
from holdfast.app.korean.volumes import VOLUMES

KOREAN: Mapping[str, str] = {
    **HELP,
    **SCREENS,
    **DEMO,
    **BACKUP_SAID,
    **THUMBNAIL_WORDS,
    **EXPORTING,
    **KEEPING,
    **TIMELINE,
}
"""By the key of `say`."""

TOLD: Mapping[str, str] = {
    **ALARMS,
    **BACKUP_TOLD,
    **CONFIGURATION,
    **DIALOGUE,
    **DISKS,
    **EXPORTED,
    **FAULTS,
    **FINDINGS,
    **FORMATS,
    **KEEPING_TOLD,
    **LIBRARY,
    **SYSTEM,
    **THUMBNAILS,
    **TIMELINE_TOLD,
    **VOLUMES,
}
"""By English text, or by template with named holes, of sentences that are made elsewhere."""
