"""The catalog of a recording root: a background writer and readers beside it."""

from pathlib import Path
from typing import Self

from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.writer import CatalogWriter, WriterSettings
from holdfast.domain.segments import LOCAL_NODE
from holdfast.ports.catalog import CatalogCondition, Change


class Catalog(CatalogReader):
    """A catalog in an SQLite file (`holdfast.ports.catalog.CatalogPort`). Make it with `open`."""

    def __init__(self, path: Path, *, node: str = LOCAL_NODE, settings: WriterSettings | None = None) -> None:
        super().__init__(path, node=node)
        self._writer = CatalogWriter(path, node=node, settings=settings or WriterSettings())

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        node: str = LOCAL_NODE,
        settings: WriterSettings | None = None,
        timeout_s: float = 3.0,
    ) -> Self:
        """Open or make the catalog at `path`; its folder is made if only that is missing.

        A damaged file is set aside as `<name>.damaged-<n>` and a new one made. When the catalog cannot be opened within
        `timeout_s`, this returns nevertheless: the writer goes on trying and `condition.trouble` says why. When
        `condition.rebuild_needed`, compare it with the files. Raises CatalogTooNewError.
        """
        catalog = cls(path, node=node, settings=settings)
        catalog._writer.start(timeout_s)
        return catalog

    def post(self, change: Change) -> None:
        """See CatalogWrites."""
        self._writer.post(change)

    def flush(self, timeout_s: float) -> bool:
        """See CatalogWrites."""
        return self._writer.flush(timeout_s)

    def close(self, timeout_s: float = 5.0) -> bool:
        """See CatalogWrites."""
        return self._writer.close(timeout_s)

    @property
    def condition(self) -> CatalogCondition:
        """See CatalogWrites."""
        return self._writer.condition
