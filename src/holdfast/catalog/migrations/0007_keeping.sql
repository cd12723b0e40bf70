-- Ranges that survive everything but their release. They stand in no file, so nothing could give them back.
CREATE TABLE holds (
    hold_id TEXT NOT NULL,
    node TEXT NOT NULL,
    camera TEXT NOT NULL,
    from_wall_ns INTEGER NOT NULL,
    to_wall_ns INTEGER NOT NULL,
    reason TEXT NOT NULL,
    created_wall_ns INTEGER NOT NULL,
    PRIMARY KEY (node, hold_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX holds_by_camera ON holds (node, camera, from_wall_ns);

-- The oldest first, of one stream on one volume: held ranges are jumped over.
CREATE INDEX segments_at_rest ON segments (node, volume, camera, stream, wall_start_ns)
    WHERE state IN ('final', 'damaged');
-- Everything that a timeline asks for, so that no row has to be fetched for it.
DROP INDEX segments_by_wall;
CREATE INDEX segments_by_wall ON segments (node, camera, stream, wall_start_ns, duration_ns, state);
CREATE INDEX gaps_deleted ON gaps (node, camera, stream, to_wall_ns) WHERE cause = 'deleted';

-- How much there is of each stream on each volume, so that nobody has to add up a million rows. Triggers keep it, so
-- that it cannot differ from the segments whoever writes them. Sums are kept in two parts each: what a file says of
-- itself can be as much as an integer holds, and a sum of two such numbers would refuse the segment.
-- Without OR IGNORE: what the statement that fires a trigger says of conflicts counts in the trigger, too.
CREATE TABLE totals (
    node TEXT NOT NULL,
    camera TEXT NOT NULL,
    stream TEXT NOT NULL,
    volume TEXT NOT NULL,
    segments INTEGER NOT NULL,
    size_mib INTEGER NOT NULL,
    size_rest_bytes INTEGER NOT NULL,
    duration_s INTEGER NOT NULL,
    duration_rest_ns INTEGER NOT NULL,
    PRIMARY KEY (node, camera, stream, volume)
) STRICT, WITHOUT ROWID;

INSERT INTO totals
SELECT node, camera, stream, volume, count(*), sum(size_bytes / 1048576), sum(size_bytes % 1048576),
    sum(duration_ns / 1000000000), sum(duration_ns % 1000000000)
FROM segments WHERE state IN ('final', 'damaged') GROUP BY node, camera, stream, volume;

CREATE TRIGGER segments_added AFTER INSERT ON segments WHEN new.state IN ('final', 'damaged') BEGIN
    INSERT INTO totals SELECT new.node, new.camera, new.stream, new.volume, 0, 0, 0, 0, 0 WHERE NOT EXISTS
        (SELECT 1 FROM totals
            WHERE node = new.node AND camera = new.camera AND stream = new.stream AND volume = new.volume);
    UPDATE totals SET segments = segments + 1,
        size_mib = size_mib + new.size_bytes / 1048576, size_rest_bytes = size_rest_bytes + new.size_bytes % 1048576,
        duration_s = duration_s + new.duration_ns / 1000000000,
        duration_rest_ns = duration_rest_ns + new.duration_ns % 1000000000
    WHERE node = new.node AND camera = new.camera AND stream = new.stream AND volume = new.volume;
END;

CREATE TRIGGER segments_gone AFTER DELETE ON segments WHEN old.state IN ('final', 'damaged') BEGIN
    UPDATE totals SET segments = segments - 1,
        size_mib = size_mib - old.size_bytes / 1048576, size_rest_bytes = size_rest_bytes - old.size_bytes % 1048576,
        duration_s = duration_s - old.duration_ns / 1000000000,
        duration_rest_ns = duration_rest_ns - old.duration_ns % 1000000000
    WHERE node = old.node AND camera = old.camera AND stream = old.stream AND volume = old.volume;
END;

CREATE TRIGGER segments_changed_before AFTER UPDATE ON segments WHEN old.state IN ('final', 'damaged') BEGIN
    UPDATE totals SET segments = segments - 1,
        size_mib = size_mib - old.size_bytes / 1048576, size_rest_bytes = size_rest_bytes - old.size_bytes % 1048576,
        duration_s = duration_s - old.duration_ns / 1000000000,
        duration_rest_ns = duration_rest_ns - old.duration_ns % 1000000000
    WHERE node = old.node AND camera = old.camera AND stream = old.stream AND volume = old.volume;
END;

CREATE TRIGGER segments_changed_after AFTER UPDATE ON segments WHEN new.state IN ('final', 'damaged') BEGIN
    INSERT INTO totals SELECT new.node, new.camera, new.stream, new.volume, 0, 0, 0, 0, 0 WHERE NOT EXISTS
        (SELECT 1 FROM totals
            WHERE node = new.node AND camera = new.camera AND stream = new.stream AND volume = new.volume);
    UPDATE totals SET segments = segments + 1,
        size_mib = size_mib + new.size_bytes / 1048576, size_rest_bytes = size_rest_bytes + new.size_bytes % 1048576,
        duration_s = duration_s + new.duration_ns / 1000000000,
        duration_rest_ns = duration_rest_ns + new.duration_ns % 1000000000
    WHERE node = new.node AND camera = new.camera AND stream = new.stream AND volume = new.volume;
END;
