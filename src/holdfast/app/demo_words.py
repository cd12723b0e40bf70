"""The demo in words that need no knowledge of networks."""

from collections.abc import Mapping
from dataclasses import dataclass

from holdfast.app.demo_account import Outcome
from holdfast.app.demo_script import Scene, Trouble
from holdfast.app.language import say

ANNOUNCED: Mapping[Trouble, str] = {
    Trouble.RESET: "Now {camera} crashes for a moment and cuts its connection.",
    Trouble.HELD: "Now the network to {camera} is stuck for {seconds:.0f} s, and then delivers it all.",
    Trouble.CABLE: "Now the cable of {camera} is pulled for {seconds:.0f} s.",
    Trouble.DEAD: "Now the connection to {camera} dies without a word (a switch restarted).",
    Trouble.BUSY: "Now {camera} ends the stream, and for {seconds:.0f} s answers: too busy (503).",
    Trouble.KILLED: "Now the recorder's own process for {camera} is killed (kill -9).",
    Trouble.RESTART: "Now {camera} restarts, which takes it {seconds:.0f} s.",
    Trouble.DISK: "Now the disk is pulled out for {seconds:.0f} s: all cameras record to it.",
}


def announcement(scene: Scene, camera: str) -> str:
    """What happens now."""
    return say(ANNOUNCED[scene.trouble], camera=camera, seconds=scene.lasts_s)


@dataclass(frozen=True, slots=True)
class DiskOutcome:
    """What became of recording when the disk was pulled."""

    elsewhere_s: float | None
    """From the pull until every camera was recorded in the folder; None when that did not come about."""
    home_s: float | None
    """From putting it back until every camera was recorded on it again; None when that has not come about yet."""
    lost: int
    """Frames of all cameras that are in no file."""


def disk_words(outcome: DiskOutcome) -> str:
    """What the recorder did about it."""
    parts = [
        say("recording did not go on in the folder")
        if outcome.elsewhere_s is None
        else say("recording went on in the folder after {seconds:.1f} s", seconds=outcome.elsewhere_s),
        say("not on the disk again yet")
        if outcome.home_s is None
        else say("on the disk again {seconds:.1f} s after it was back", seconds=outcome.home_s),
        say("{frames} frames LOST", frames=outcome.lost) if outcome.lost else say("0 frames lost"),
    ]
    return say("Disk: {what}.", what="; ".join(parts))


def outcome_words(scene: Scene, camera: str, noticed_s: float | None, outcome: Outcome | None) -> str:
    """What the recorder did about it.

    "At most": what the old session has not yet handed over may still come, which is known at the end.
    """
    parts = [
        say("there was nothing to notice")
        if noticed_s is None
        else say("noticed after {seconds:.1f} s", seconds=noticed_s)
    ]
    if outcome is None or not outcome.is_over:
        parts.append(say("not recorded again yet"))
    elif outcome.again_s is None:
        parts.append(
            say("everything came late and was recorded; nothing lost") if scene.lasts_s else say("nothing lost")
        )
    else:
        sentence = "recorded again after {seconds:.1f} s"
        if scene.is_away:
            sentence = "recorded again {seconds:.1f} s after the camera was back"
        parts.append(say(sentence, seconds=outcome.again_s))
        sentence = "lost: at most {frames} frames ({seconds:.1f} s)"
        if scene.is_away:
            sentence = "lost beyond the outage: at most {frames} frames ({seconds:.1f} s)"
        parts.append(say(sentence, frames=outcome.lost, seconds=outcome.lost_s))
    return f"{camera}: {'; '.join(parts)}."
