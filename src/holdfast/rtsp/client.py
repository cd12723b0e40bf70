"""The dialogue with one camera, from OPTIONS to TEARDOWN: bytes in, bytes out, events. Times are arguments."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from holdfast.rtsp import urls
from holdfast.rtsp.auth import Authenticator, Credentials
from holdfast.rtsp.dialogue import Dialogue
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.events import Ended, Event, Ready, Sound, TimedOut, Units
from holdfast.rtsp.media import Media
from holdfast.rtsp.messages import Message, Request
from holdfast.rtsp.opening import FINE, Opening
from holdfast.rtsp.receivers import Receivers
from holdfast.rtsp.rtcp import SenderReport
from holdfast.rtsp.texts import shown
from holdfast.rtsp.wire import Wire

_GOES_ON = (Ready, Units, Sound)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for the camera, and how often to be heard of."""

    answer_s: float = 10.0
    """For each answer, up to that to PLAY."""
    teardown_s: float = 1.0
    """For the answer to TEARDOWN; it makes no difference."""
    keep_alive_s: float = 25.0
    """At least so often, and twice per timeout of the session."""
    report_s: float = 5.0
    """Between receiver reports."""


DEFAULT_PATIENCE = Patience()
NOBODY = Credentials()


class _Phase(Enum):
    OPENING = auto()
    PLAYING = auto()
    STOPPING = auto()
    """Whatever still comes is left alone."""
    OVER = auto()


class Client:
    """One connection to one camera. After any event that ends it, and after RtspError, it does nothing more.

    `cnonce` gives a random text each time, `ssrc` is a random number of 32 bits: chance is an argument here.
    All `now_s` are of one clock that never goes back.
    """

    def __init__(
        self,
        url: str,
        *,
        receivers: Receivers,
        cnonce: Callable[[], str],
        ssrc: int,
        agent: str,
        credentials: Credentials = NOBODY,
        wants_sound: bool = False,
        patience: Patience = DEFAULT_PATIENCE,
    ) -> None:
        self._password = credentials.password
        self._patience = patience
        self._wire = Wire()
        self._dialogue = Dialogue(agent, Authenticator(credentials, cnonce))
        self._media = Media(receivers, ssrc)
        self._opening = Opening(
            urls.without_user(url.strip()),
            self._dialogue,
            self._media,
            wants_sound=wants_sound,
            password=credentials.password,
        )
        self._phase = _Phase.OVER
        self._keep_alive = "OPTIONS"
        self._keep_alive_at_s = self._report_at_s = math.inf

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to be done any more, or yet."""
        return self._phase is _Phase.OVER

    @property
    def skipped_bytes(self) -> int:
        """What the camera sent that made no sense, so far."""
        return self._wire.skipped_bytes

    @property
    def senders(self) -> tuple[SenderReport, SenderReport] | None:
        """What the camera reported last of the clocks of picture and sound; None before it has of both."""
        return self._media.senders

    @property
    def due_s(self) -> float:
        """When `tick` has something to do; infinity when there will be nothing."""
        if self._phase is _Phase.OVER:
            return math.inf
        if self._phase is _Phase.PLAYING:
            return min(self._keep_alive_at_s, self._report_at_s)
        question = self._dialogue.question
        wait_s = self._patience.answer_s if self._phase is _Phase.OPENING else self._patience.teardown_s
        return math.inf if question is None else question.asked_at_s + wait_s

    def take_output(self) -> bytes:
        """What is to be sent."""
        return self._dialogue.take_output()

    def start(self, now_s: float) -> None:
        """The connection is there."""
        self._phase = _Phase.OPENING
        self._opening.begin(now_s)

    def receive(self, data: bytes, now_s: float) -> list[Event]:
        """What came from the camera. Raises RtspError when it makes no sense at all, or is too much."""
        events: list[Event] = []
        try:
            self._receive(data, now_s, events)
        except RtspError as error:
            self._phase = _Phase.OVER
            raise RtspError(shown(str(error), self._password)) from None
        return events

    def tick(self, now_s: float) -> list[Event]:
        """Do what is due: give up, keep the session alive, report. Raises RtspError when nobody takes the output."""
        if now_s < self.due_s:
            return []
        if self._phase is _Phase.PLAYING:
            self._be_heard_of(now_s)
        elif self._phase is _Phase.OPENING and self._media.has_begun:
            # Pictures are answer enough to PLAY.
            self._play(now_s)
        elif self._phase is _Phase.OPENING:
            self._phase = _Phase.OVER
            return [self._timed_out()]
        else:
            self._phase = _Phase.OVER
        return []

    def stop(self, now_s: float) -> None:
        """Nothing more is wanted. There may be output, and an answer to it is waited for until `is_over`."""
        if self._phase not in (_Phase.OPENING, _Phase.PLAYING):
            return
        self._phase = _Phase.OVER
        if self._dialogue.session:
            self._phase = _Phase.STOPPING
            self._dialogue.ask("TEARDOWN", self._opening.control, now_s)

    def end(self) -> list[Event]:
        """The connection is gone. Returns what was complete, but waited for what followed."""
        phase, self._phase = self._phase, _Phase.OVER
        return self._media.end() if phase in (_Phase.OPENING, _Phase.PLAYING) else []

    def _receive(self, data: bytes, now_s: float, events: list[Event]) -> None:
        while not self.is_over:
            batch = self._wire.feed(data)
            if self._phase is not _Phase.STOPPING:
                events += self._media.receive(batch, now_s)
                if self._media.has_ended:
                    self._phase = _Phase.OVER
                    text = "the camera said goodbye (RTCP BYE)"
                    events += [*self._media.end(), Ended(text)]
                    return
            if batch.message is None:
                return
            self._hear(batch.message, now_s, events)
            data = b""

    def _hear(self, message: Message, now_s: float, events: list[Event]) -> None:
        if isinstance(message, Request):
            self._dialogue.serve(message)
            return
        question = self._dialogue.answered(message, now_s)
        if question is None:
            return
        if self._phase is _Phase.OPENING:
            new = self._opening.answered(question, message, now_s)
            events += new
            self._wire.channels = self._media.channels or None
            if not all(isinstance(event, _GOES_ON) for event in new):
                self._phase = _Phase.OVER
            elif self._opening.is_played:
                self._play(now_s)
        elif self._phase is _Phase.STOPPING:
            self._phase = _Phase.OVER
        elif message.status not in FINE:
            # Pictures tell whether the session lives, not this; but what is refused is asked for no more.
            self._keep_alive = "OPTIONS"

    def _play(self, now_s: float) -> None:
        self._phase = _Phase.PLAYING
        self._keep_alive = "GET_PARAMETER" if self._opening.has_get_parameter else "OPTIONS"
        self._keep_alive_at_s = now_s + self._keep_alive_every_s()
        self._report_at_s = now_s + self._patience.report_s

    def _keep_alive_every_s(self) -> float:
        return min(self._dialogue.timeout_s / 2, self._patience.keep_alive_s)

    def _be_heard_of(self, now_s: float) -> None:
        if now_s >= self._keep_alive_at_s:
            self._keep_alive_at_s = now_s + self._keep_alive_every_s()
            self._dialogue.ask(self._keep_alive, self._opening.control, now_s)
        if now_s >= self._report_at_s:
            self._report_at_s = now_s + self._patience.report_s
            self._dialogue.send(self._media.write_reports(now_s))

    def _timed_out(self) -> TimedOut:
        question = self._dialogue.question
        assert question is not None, "something is due only while an answer is waited for"
        text = f"the camera did not answer {question.method} within {self._patience.answer_s:g} s"
        return TimedOut(text)
