"""The Korean of every sentence that people see. tests/app/test_language.py says what is missing."""

from collections.abc import Mapping

from holdfast.app.korean.alarms import ALARMS
from holdfast.app.korean.configuration import CONFIGURATION
from holdfast.app.korean.demo import DEMO, DISKS
from holdfast.app.korean.dialogue import DIALOGUE
from holdfast.app.korean.faults import FAULTS
from holdfast.app.korean.findings import FINDINGS
from holdfast.app.korean.formats import FORMATS
from holdfast.app.korean.help import HELP
from holdfast.app.korean.library import LIBRARY, SYSTEM
from holdfast.app.korean.screens import SCREENS
from holdfast.app.korean.timeline import TIMELINE, TIMELINE_TOLD
from holdfast.app.korean.volumes import VOLUMES

KOREAN: Mapping[str, str] = {**HELP, **SCREENS, **DEMO, **TIMELINE}
"""By the key of `say`."""

TOLD: Mapping[str, str] = {
    **ALARMS,
    **CONFIGURATION,
    **DIALOGUE,
    **DISKS,
    **FAULTS,
    **FINDINGS,
    **FORMATS,
    **LIBRARY,
    **SYSTEM,
    **TIMELINE_TOLD,
    **VOLUMES,
}
"""By English text, or by template with named holes, of sentences that are made elsewhere."""
