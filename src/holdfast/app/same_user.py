"""Who may write into the state of a recorder: the user that it runs as, because files of another one would end it."""

import os
import pwd
import shlex
from collections.abc import Sequence
from pathlib import Path

from holdfast.app.language import say
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import STATE_FOLDER


def check_user(root: Path, arguments: Sequence[str]) -> None:
    """Raises Problem, with the command for the right user, when this is another one. `arguments`: of `holdfast`."""
    try:
        owner = (root / STATE_FOLDER).stat().st_uid
    except OSError:
        return
    if owner == os.geteuid():
        return
    try:
        user = pwd.getpwuid(owner).pw_name
    except KeyError:
        user = f"#{owner}"
    command = f"sudo -u {shlex.quote(user)} holdfast {shlex.join(arguments)}"
    raise Problem(Exit.FOLDER, say("Do it as the user that the recorder runs as: {command}", command=command))
