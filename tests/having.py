"""Skips what this machine cannot do, with the reason."""

import pytest

from holdfast.lab.storage.needs import Need, reason_against


def skip_without(*needs: Need) -> None:
    reason = reason_against(*needs)
    if reason is not None:
        pytest.skip(reason)
