"""Keeps the copies of the holds as the catalog is; and the catalog as the copies, when it had to be made anew."""

import logging
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from holdfast.app.daemon import in_daemon
from holdfast.app.holds import copy_in, holds_in, keep_copy, recall, text_of
from holdfast.app.home_coming import Leftovers, MoverError
from holdfast.catalog.store import Catalog
from holdfast.policy.volume_events import Volume

LOG = logging.getLogger("holdfast.storage")
NO_HOLDS = text_of(())
FLUSH_S = 2.0


@dataclass(slots=True)
class HoldsKeeping:
    """Nothing may be deleted before both said yes: that the catalog knows every hold that a copy knows."""

    catalog: Catalog
    root: Path
    """Folder of the catalog."""
    leftovers: Leftovers
    has_recalled: bool = False
    text: str = NO_HOLDS
    """What a copy is to say."""
    ids: frozenset[str] = frozenset()
    recalled: set[str] = field(default_factory=set)
    """Volumes whose copies were read back, since the catalog was lost."""
    kept: dict[str, str] = field(default_factory=dict)
    """What the copy on each volume says."""

    async def look(self) -> bool:
        """Look at the copy beside the catalog. Raises CatalogError."""
        if self.catalog.condition.rebuild_needed and not self.has_recalled:
            lost = await in_daemon(lambda: recall(self.catalog, copy_in(self.root)))
            if lost:
                LOG.info("the copy beside the catalog gave back %d holds that it had lost", len(lost))
            self.has_recalled = await in_daemon(partial(self.catalog.flush, FLUSH_S))
            return self.has_recalled
        holds = await in_daemon(self.catalog.holds)
        is_lost = self.catalog.condition.rebuild_needed and not self.has_recalled
        ids = frozenset(hold.hold_id for hold in holds)
        if is_lost or ids < self.ids:
            # Released; or the catalog was lost just now, and the next look will know.
            self.ids = ids
            return not is_lost
        self.has_recalled = self.catalog.condition.rebuild_needed
        self.ids = ids
        text = text_of(holds)
        if text != self.text:
            await in_daemon(partial(keep_copy, self.root, text))
        self.text = text
        return True

    async def look_at(self, volume: Volume) -> bool:
        """Look at the copy on a volume. Raises CatalogError."""
        try:
            if not self.catalog.condition.rebuild_needed:
                self.recalled.clear()
            elif volume.name not in self.recalled:
                return await self._recall(volume)
            if self.kept.get(volume.name, NO_HOLDS) != self.text:
                said = await self.leftovers.ask(volume, "keep_holds", text=self.text)
                self.kept[volume.name] = "" if "error" in said else self.text
        except MoverError as error:
            LOG.debug("volume %s: its copy of the holds is looked at again: %s", volume.name, error)
            return False
        return True

    async def _recall(self, volume: Volume) -> bool:
        said = await self.leftovers.ask(volume, "read_holds")
        lost = await in_daemon(partial(recall, self.catalog, holds_in(str(said.get("text", "")))))
        if lost:
            LOG.info("volume %s gave back %d holds that the catalog had lost", volume.name, len(lost))
        if not await in_daemon(partial(self.catalog.flush, FLUSH_S)):
            return False
        self.recalled.add(volume.name)
        return True
