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

-- The oldest first, over all cameras and of one volume.
CREATE INDEX segments_by_age ON segments (node, wall_start_ns) WHERE state IN ('final', 'damaged');
CREATE INDEX segments_by_age_there ON segments (node, volume, wall_start_ns) WHERE state IN ('final', 'damaged');
CREATE INDEX gaps_deleted ON gaps (node, camera, stream, to_wall_ns) WHERE cause = 'deleted';
