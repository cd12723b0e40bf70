"""The orders that a lab takes, as methods: what a simulated camera shall do, and what the network before it."""

from typing import Any, Protocol

from holdfast.lab.proxy import CAMERA_NOTICES_S, End
from holdfast.lab.sound_feed import Manner
from holdfast.lab.troubles import Admission, Times


class Commanded(Protocol):
    """Who passes orders on (`holdfast.lab.faults.COMMANDS`). Cameras are counted from 0."""

    def command(self, name: str, camera: int, **arguments: Any) -> Any:
        """Raises `holdfast.lab.remote.LabError` with the lab's reason."""


class CameraOrders(Commanded, Protocol):
    """Trouble that the camera itself makes."""

    def refuse(self, camera: int) -> None:
        """Refuse new connections; open ones go on. With one port this is for all cameras."""
        self.command("refuse", camera)

    def listen(self, camera: int) -> None:
        """Accept connections again, on the same port."""
        self.command("listen", camera)

    def boot(self, camera: int, *, refuse_s: float, not_found_s: float) -> int:
        """Reset all clients, refuse for a while, then answer 404, then serve; returns the wall time (ns) of that."""
        return int(self.command("boot", camera, refuse_s=refuse_s, not_found_s=not_found_s))

    def close_clients(self, camera: int, *, reset: bool = False) -> int:
        """Close all playing connections, by FIN or by RST; returns how many."""
        return int(self.command("close_clients", camera, reset=reset))

    def pause(self, camera: int, seconds: float, *, deliver_late: bool = False) -> None:
        """Write no frames. Then go on with the next key frame, or deliver the late frames all at once."""
        self.command("pause", camera, seconds=seconds, deliver_late=deliver_late)

    def change(self, camera: int, **clip: Any) -> None:
        """Change fields of the clip (see `ClipSpec.as_json`) in mid-stream, at the next key frame.

        Another codec ends the sessions, because it needs another session description.
        """
        self.command("change", camera, **clip)

    def no_keyframes(self, camera: int, *, on: bool = True) -> None:
        """Withhold key frames."""
        self.command("no_keyframes", camera, on=on)

    def no_video(self, camera: int, *, on: bool = True) -> None:
        """Describe only an audio track."""
        self.command("no_video", camera, on=on)

    def deaf(self, camera: int, *, on: bool = True) -> None:
        """Accept connections and answer nothing."""
        self.command("deaf", camera, on=on)

    def status(self, camera: int, code: int, method: str = "") -> None:
        """Answer every request, or one method, with an RTSP status, such as 404 or 503; 0: with the truth again.

        OPTIONS is answered as ever, unless it is the method named.
        """
        self.command("status", camera, code=code, method=method)

    def slow(self, camera: int, method: str, seconds: float) -> None:
        """Answer a method only after a while."""
        self.command("slow", camera, method=method, seconds=seconds)

    def one_session(self, camera: int, admission: Admission, *, code: int = 453, method: str = "PLAY") -> None:
        """Refuse a second session at this method with this status, or let it end the first one ("kick")."""
        self.command("one_session", camera, admission=admission, code=code, method=method)

    def times(self, camera: int, times: Times) -> None:
        """Send RTP timestamps that stand still or are random."""
        self.command("times", camera, times=times)

    def lose(self, camera: int, share: float, seconds: float) -> None:
        """Leave out a share of the RTP packets. A frame without one of its packets does not count as served."""
        self.command("lose", camera, share=share, seconds=seconds)

    def sound(self, camera: int, manner: Manner) -> None:
        """Sound from now on as it should be, or in one of the ways in which it should not."""
        self.command("sound", camera, manner=manner)

    def refuse_sound(self, camera: int, code: int) -> None:
        """Describe the sound, and answer who wants to have it set up with this RTSP status; 0: no more."""
        self.command("refuse_sound", camera, code=code)


class PathOrders(Commanded, Protocol):
    """Trouble on the way: for cameras that are proxied. What is served meanwhile: see `holdfast.lab.proxy`."""

    def hold(self, camera: int, seconds: float, *, whole_path: bool = False) -> int:
        """Deliver the camera's bytes only after a while, all at once; returns how many connections that concerns.

        With `whole_path` connections that are made meanwhile are held, too.
        """
        return int(self.command("hold", camera, seconds=seconds, whole_path=whole_path))

    def vanish(
        self, camera: int, *, whole_path: bool = False, seconds: float = 0.0, camera_notices_s: float = CAMERA_NOTICES_S
    ) -> int:
        """Let the connections die without a word; returns how many.

        With `whole_path` connections that are made within `seconds` are dead from the start.
        """
        arguments = {"whole_path": whole_path, "seconds": seconds, "camera_notices_s": camera_notices_s}
        return int(self.command("vanish", camera, **arguments))

    def unreachable(self, camera: int, seconds: float) -> None:
        """Answer no call (TCP SYN) for a while, and let the present connections vanish if the camera is proxied."""
        self.command("unreachable", camera, seconds=seconds)

    def drip(self, camera: int, bytes_per_s: float, seconds: float) -> None:
        """Let bytes through slowly; what still waits at the end comes at once."""
        self.command("drip", camera, bytes_per_s=bytes_per_s, seconds=seconds)

    def late(self, camera: int, delay_s: float) -> None:
        """Let everything be late on connections that are made from now on; 0: no more."""
        self.command("late", camera, delay_s=delay_s)

    def garble(self, camera: int, share: float, seconds: float) -> None:
        """Flip a bit in a share of the RTP packets."""
        self.command("garble", camera, share=share, seconds=seconds)

    def garble_framing(self, camera: int) -> int:
        """Give the next packet of each connection a wrong length; returns how many connections there are."""
        return int(self.command("garble_framing", camera))

    def end(self, camera: int, how: End) -> int:
        """End the connections on the way; returns how many."""
        return int(self.command("end", camera, how=how.value))
