"""That something could not be delivered, and what is to be done about it."""


class Undelivered(Exception):
    """It did not get through. The text is a sentence without the address, which may hold a secret."""

    def __init__(self, sentence: str, tries: int | None = None) -> None:
        """`tries`: how many make sense in all, this one included; None: as many as it takes."""
        super().__init__(sentence)
        self.tries = tries
