"""Words for people, in English and Korean.

The English sentence is the key. `HOLDFAST_LANG` (en, ko) decides, else the locale (LC_ALL, LC_MESSAGES, LANG).
"""

import os
from collections.abc import Mapping

from holdfast.app.korean import KOREAN

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": {}, "ko": KOREAN}


def language() -> str:
    """The language to use: "en" or "ko"."""
    for variable in ("HOLDFAST_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return value[:2].lower() if value[:2].lower() in LANGUAGES else "en"
    return "en"


def say(sentence: str, **values: object) -> str:
    """The sentence in the user's language, with `values` put in."""
    return (
        LANGUAGES[language()].get(sentence, sentence).format(**values)
        if values
        else (LANGUAGES[language()].get(sentence, sentence))
    )
