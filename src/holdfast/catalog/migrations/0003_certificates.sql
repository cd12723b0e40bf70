-- The certificate that is pinned at a place (host:port). No file knows it: a catalog made anew pins anew.
CREATE TABLE certificates (
    node TEXT NOT NULL,
    place TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    seen_wall_ns INTEGER NOT NULL,
    camera TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (node, place)
) STRICT, WITHOUT ROWID;
