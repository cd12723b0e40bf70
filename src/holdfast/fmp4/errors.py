"""The one error of this package."""

from typing import Self


class Fmp4Error(ValueError):
    """Bytes are not the fragmented MP4 they should be.

    `reason` is a clause without the place, `box` the four-character type of the box at fault ("" when unknown),
    `offset` the byte position of that box in the input that was given (None when unknown).
    """

    def __init__(self, reason: str, *, box: str = "", offset: int | None = None) -> None:
        self.reason = reason
        self.box = box
        self.offset = offset
        place = f" in box '{box}'" if box else ""
        if offset is not None:
            place += f" at byte {offset}"
        super().__init__(reason + place)

    def moved(self, by: int) -> Self:
        """Return the same error for an input that begins `by` bytes earlier."""
        offset = None if self.offset is None else self.offset + by
        return type(self)(self.reason, box=self.box, offset=offset)


class NewerFormatError(Fmp4Error):
    """The file is ours, but of a later release: leave it alone."""
