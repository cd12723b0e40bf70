"""A camera that sends pictures as packets, with markers as it likes."""

from collections.abc import Callable, Sequence

from holdfast.rtsp.pictures import AccessUnit
from holdfast.rtsp.video import VideoReceiver
from tests.rtsp.packets import Codec, Stream, track

STEP = 6000


class Camera:
    """Sends pictures as packets, and keeps what the receiver makes of them."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.stream = Stream()
        self.receiver = VideoReceiver(track(codec.encoding))
        self.units: list[AccessUnit] = []
        self.stamp = 0

    def send(self, *nals: bytes, marks: Callable[[int, int], bool] | None = None, size: int = 1000) -> int:
        """One picture; `marks` says of each packet's number and their count whether it has the marker.

        Returns how many units came out.
        """
        payloads = self.codec.payloads(nals, size)
        for number, payload in enumerate(payloads):
            marker = marks is not None and marks(number, len(payloads))
            self.stream.add(payload, self.stamp, marker=marker)
        self.stamp += STEP
        return self.deliver()

    def deliver(self) -> int:
        new = self.receiver.receive(*self.stream.take())
        self.units += new
        return len(new)

    def learn(self, marks: Callable[[int, int], bool]) -> None:
        """Parameter sets, a key frame and three more pictures."""
        self.send(*self.codec.sets, self.codec.slice(50, key=True), marks=marks)
        for _ in range(3):
            self.send(self.codec.slice(40), marks=marks)

    def end(self) -> int:
        new = self.receiver.end()
        self.units += new
        return len(new)

    @property
    def counts(self) -> tuple[int, int]:
        return self.receiver.take_lost(), self.receiver.take_damaged()


def at_last(number: int, count: int) -> bool:
    return number == count - 1


def at_each(_number: int, _count: int) -> bool:
    return True


def data_of(units: Sequence[AccessUnit]) -> list[bytes]:
    return [unit.data for unit in units]
