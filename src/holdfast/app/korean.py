"""The Korean of every sentence that people see."""

from collections.abc import Mapping

KOREAN: Mapping[str, str] = {}
