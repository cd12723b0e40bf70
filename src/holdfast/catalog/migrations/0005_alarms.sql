-- What a person should know, raised once and cleared once. It stands in no file, so nothing could give it back.
CREATE TABLE alarms (
    alarm_id TEXT NOT NULL,
    node TEXT NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    subject TEXT NOT NULL,
    sentence TEXT NOT NULL,
    raised_wall_ns INTEGER NOT NULL,
    cleared_wall_ns INTEGER,
    PRIMARY KEY (node, alarm_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX alarms_by_wall ON alarms (node, raised_wall_ns);
CREATE INDEX alarms_open ON alarms (node) WHERE cleared_wall_ns IS NULL;
