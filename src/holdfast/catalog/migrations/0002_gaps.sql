-- Missing time with its cause. Unlike segments it stands in no file, so nothing can give it back.
CREATE TABLE gaps (
    gap_id TEXT NOT NULL,
    node TEXT NOT NULL,
    camera TEXT NOT NULL,
    stream TEXT NOT NULL,
    cause TEXT NOT NULL,
    sentence TEXT NOT NULL,
    from_wall_ns INTEGER NOT NULL,
    to_wall_ns INTEGER,
    session INTEGER,
    detail TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (node, gap_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX gaps_by_wall ON gaps (node, camera, stream, from_wall_ns);
CREATE INDEX gaps_open ON gaps (node, camera, stream) WHERE to_wall_ns IS NULL;

-- Whether the last heartbeat was an orderly end. A recorder that was killed leaves 0 behind.
ALTER TABLE heartbeats ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0 CHECK (stopped IN (0, 1));
