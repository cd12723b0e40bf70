"""From OPTIONS to the answer to PLAY: what is asked next, and what becomes of an answer."""

from dataclasses import dataclass

from holdfast.rtsp import transport, urls
from holdfast.rtsp.dialogue import UNAUTHORIZED, Dialogue, Question
from holdfast.rtsp.events import Event, NoVideo, Ready, Redirected, Refused, Unsupported
from holdfast.rtsp.media import Media
from holdfast.rtsp.messages import Response
from holdfast.rtsp.sdp import AUDIBLE, RECORDABLE, MediaTrack, read_description
from holdfast.rtsp.texts import shown
from holdfast.rtsp.transport import Channels

FINE = range(200, 300)
_ELSEWHERE = range(300, 400)
_UNSUPPORTED_TRANSPORT = 461
_VIDEO_CHANNELS = Channels(0, 1)
_SOUND_CHANNELS = (Channels(2, 3), Channels(4, 5))
_SHOWN_WORDS = 4
_SHOWN_CHARACTERS = 20


@dataclass(frozen=True, slots=True)
class _Choice:
    """The tracks that are wanted of those that the camera offers."""

    video: MediaTrack
    sound: MediaTrack | None


class Opening:
    """Sets the tracks up and has them played. One question follows the answer to the one before it.

    An event other than Ready says that nothing will come of it.
    """

    def __init__(self, url: str, dialogue: Dialogue, media: Media, *, wants_sound: bool, password: str) -> None:
        self.control = url
        """URL of all tracks together."""
        self.has_get_parameter = False
        self.is_played = False
        """The camera has answered PLAY."""
        self._url = url
        self._dialogue = dialogue
        self._media = media
        self._wants_sound = wants_sound
        self._password = password
        self._choice: _Choice | None = None
        self._silence = ""
        """Why the sound that was wanted is left out."""

    def begin(self, now_s: float) -> None:
        """Ask what the camera knows, which is also the way to keep a session alive."""
        self._dialogue.ask("OPTIONS", self._url, now_s)

    def answered(self, question: Question, response: Response, now_s: float) -> list[Event]:
        """Go on from the final answer to the last question. Raises RtspError."""
        is_fine = response.status in FINE
        match question.method:
            case "OPTIONS" if response.status != UNAUTHORIZED and response.status not in _ELSEWHERE:
                # Cameras that do not know OPTIONS exist.
                self._on_options(response, now_s)
                return []
            case "DESCRIBE" if is_fine:
                return self._on_description(response, now_s)
            case "SETUP" if self._choice and self._media.channels:
                self._on_sound(self._choice, response)
                return self._ready(self._choice, now_s)
            case "SETUP" if self._choice and is_fine:
                return self._on_video(self._choice, response, now_s)
            case "PLAY" if is_fine:
                self._dialogue.join_session(response)
                self.is_played = True
                return []
            case method:
                return [self._refused(response, method)]

    def _on_options(self, response: Response, now_s: float) -> None:
        methods = " ".join(response.headers.all("public")).upper().replace(",", " ").split()
        self.has_get_parameter = "GET_PARAMETER" in methods
        self._dialogue.ask("DESCRIBE", self._url, now_s, [("Accept", "application/sdp")])

    def _on_description(self, response: Response, now_s: float) -> list[Event]:
        found = read_description(response.body, urls.base_of(self._url, response.headers))
        self.control = found.control
        video = _first(found.tracks, "video", RECORDABLE)
        if video is None:
            return [self._without_video(found.tracks)]
        sound = _first(found.tracks, "audio", AUDIBLE) if self._wants_sound else None
        names = self._listed([track.encoding for track in found.tracks if track.kind == "audio"])
        if self._wants_sound and sound is None and names:
            self._silence = f"the camera's sound is {names}, not AAC or G.711"
        self._choice = _Choice(video, sound)
        self._set_up(video, _VIDEO_CHANNELS, now_s)
        return []

    def _set_up(self, track: MediaTrack, channels: Channels, now_s: float) -> None:
        self._dialogue.ask("SETUP", track.control, now_s, [("Transport", transport.ask_for(channels))])

    def _on_video(self, choice: _Choice, response: Response, now_s: float) -> list[Event]:
        channels = transport.agreed(response.headers.get("transport"), _VIDEO_CHANNELS)
        if channels is None:
            return [_not_over_tcp()]
        self._dialogue.join_session(response)
        self._media.add_video(choice.video, channels)
        if choice.sound is None:
            return self._ready(choice, now_s)
        self._set_up(choice.sound, self._sound_channels(), now_s)
        return []

    def _sound_channels(self) -> Channels:
        """Channels that the camera did not take for the video."""
        first, second = _SOUND_CHANNELS
        return first if self._media.channels.isdisjoint((first.packets, first.reports)) else second

    def _on_sound(self, choice: _Choice, response: Response) -> None:
        """Sound that cannot be had is left out."""
        asked = self._sound_channels()
        channels = transport.agreed(response.headers.get("transport"), asked)
        if choice.sound is None or response.status not in FINE or channels is None:
            self._silence = f"the camera refuses its sound: {response.status} {shown(response.reason, self._password)}"
            return
        if not self._media.channels.isdisjoint((channels.packets, channels.reports)):
            # Some cameras name the channels of the video again, and send on those that were asked for.
            channels = asked
        self._dialogue.join_session(response)
        self._silence = self._media.add_sound(choice.sound, channels)

    def _ready(self, choice: _Choice, now_s: float) -> list[Event]:
        """Cameras may send before they answer PLAY, so that it is told before."""
        self._dialogue.ask("PLAY", self.control, now_s, [("Range", "npt=0.000-")])
        return [Ready(choice.video, self._media.sound, self._silence)]

    def _refused(self, response: Response, method: str) -> Event:
        if response.status in _ELSEWHERE:
            url = urls.redirected(self._url, response.headers.get("location"))
            if url is not None:
                return Redirected(url)
        if response.status == _UNSUPPORTED_TRANSPORT:
            return _not_over_tcp()
        return Refused(response.status, shown(response.reason, self._password), method)

    def _without_video(self, tracks: tuple[MediaTrack, ...]) -> Event:
        """What there is instead. Both sentences are those of the other source."""
        if names := self._listed([track.encoding for track in tracks if track.kind == "video"]):
            text = f"the camera sends {names}, not H.264 or H.265"
            return Unsupported(text)
        kinds = self._listed([track.kind for track in tracks]) or "nothing"
        text = f"the camera offers no video track at this URL, but {kinds}"
        return NoVideo(text)

    def _listed(self, words: list[str]) -> str:
        few = sorted(set(words))[:_SHOWN_WORDS]
        return ", ".join(shown(word, self._password)[:_SHOWN_CHARACTERS] for word in few)


def _first(tracks: tuple[MediaTrack, ...], kind: str, encodings: tuple[str, ...]) -> MediaTrack | None:
    return next((track for track in tracks if track.kind == kind and track.encoding in encodings), None)


def _not_over_tcp() -> Unsupported:
    text = "the camera does not send over TCP"
    return Unsupported(text)
