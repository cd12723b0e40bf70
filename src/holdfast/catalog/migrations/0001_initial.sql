-- Times are nanoseconds: *_wall_ns since 1970-01-01T00:00:00Z, pts in media time of the session.
-- Every table has a node, because later several recorders share one catalog.

CREATE TABLE streams (
    node TEXT NOT NULL,
    camera TEXT NOT NULL,
    stream TEXT NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (node, camera, stream)
) STRICT, WITHOUT ROWID;

-- Session numbers may start again after a catalog was lost, hence the start in the key.
CREATE TABLE sessions (
    node TEXT NOT NULL,
    camera TEXT NOT NULL,
    stream TEXT NOT NULL,
    number INTEGER NOT NULL,
    started_wall_ns INTEGER NOT NULL,
    ended_wall_ns INTEGER,
    end_reason TEXT,
    PRIMARY KEY (node, camera, stream, started_wall_ns, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_number ON sessions (node, camera, stream, number);

-- order_ns sorts the runs of a stream. It is the wall time of the start, unless the clock had jumped back since the
-- run before: then it is one more than that run's. first_ordinal says which segment started_wall_ns was taken from.
CREATE TABLE runs (
    run_id TEXT NOT NULL PRIMARY KEY,
    node TEXT NOT NULL,
    camera TEXT NOT NULL,
    stream TEXT NOT NULL,
    session INTEGER NOT NULL,
    order_ns INTEGER NOT NULL,
    started_wall_ns INTEGER NOT NULL,
    first_ordinal INTEGER NOT NULL,
    ended_wall_ns INTEGER,
    end_reason TEXT
) STRICT;

CREATE INDEX runs_in_order ON runs (node, camera, stream, order_ns);
CREATE INDEX runs_by_session ON runs (node, camera, stream, session);

CREATE TABLE segments (
    id INTEGER PRIMARY KEY,
    node TEXT NOT NULL,
    camera TEXT NOT NULL,
    stream TEXT NOT NULL,
    volume TEXT NOT NULL DEFAULT 'main',
    path TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs (run_id),
    session INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    wall_start_ns INTEGER NOT NULL,
    duration_ns INTEGER NOT NULL,
    pts_start_ns INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    codec TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'final', 'missing', 'damaged')),
    end_reason TEXT,
    UNIQUE (node, volume, path)
) STRICT;

CREATE INDEX segments_by_wall ON segments (node, camera, stream, wall_start_ns);
-- The longest duration bounds how far before a range a segment that reaches into it can begin.
CREATE INDEX segments_by_duration ON segments (node, camera, stream, duration_ns);
CREATE INDEX segments_by_run ON segments (run_id, ordinal);
CREATE INDEX segments_open ON segments (node, camera, stream) WHERE state = 'open';

CREATE TABLE faults (
    id INTEGER PRIMARY KEY,
    node TEXT NOT NULL,
    camera TEXT,
    stream TEXT,
    session INTEGER,
    wall_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    sentence TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '{}'
) STRICT;

CREATE INDEX faults_by_wall ON faults (node, wall_ns);
CREATE INDEX faults_by_camera ON faults (node, camera, wall_ns);

CREATE TABLE intents (
    node TEXT NOT NULL,
    camera TEXT NOT NULL,
    stream TEXT NOT NULL,
    wanted INTEGER NOT NULL CHECK (wanted IN (0, 1)),
    since_wall_ns INTEGER NOT NULL,
    PRIMARY KEY (node, camera, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE heartbeats (
    node TEXT NOT NULL PRIMARY KEY,
    wall_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A row says that the catalog has been compared with all files since it was made.
CREATE TABLE rebuilds (
    node TEXT NOT NULL PRIMARY KEY,
    wall_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
