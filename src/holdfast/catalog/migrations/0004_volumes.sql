-- Volumes by the name that the configuration gives them, and what was on them when they were last seen.
CREATE TABLE volumes (
    node TEXT NOT NULL,
    name TEXT NOT NULL,
    volume_id TEXT NOT NULL,
    path TEXT NOT NULL,
    file_system TEXT NOT NULL,
    source TEXT NOT NULL,
    seen_wall_ns INTEGER NOT NULL,
    PRIMARY KEY (node, name)
) STRICT, WITHOUT ROWID;

-- The volume that a segment belongs on while it is on another one; '' when it is where it belongs.
ALTER TABLE segments ADD COLUMN home TEXT NOT NULL DEFAULT '';
-- So many bytes of the file count. What follows was written again elsewhere; it is cut off when the volume lets it be.
ALTER TABLE segments ADD COLUMN keep_bytes INTEGER;

CREATE INDEX segments_away ON segments (node, home, wall_start_ns) WHERE home <> '';
CREATE INDEX segments_uncut ON segments (node, volume) WHERE keep_bytes IS NOT NULL;

-- Copies that stayed behind when a segment came home; they are removed when their volume lets it be.
CREATE TABLE leftovers (
    node TEXT NOT NULL,
    volume TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (node, volume, path)
) STRICT, WITHOUT ROWID;
