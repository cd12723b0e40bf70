-- The machine's boot in which the recorder was last alive (/proc/sys/kernel/random/boot_id): another one without an
-- orderly end means that the power went. Empty when it is not known.
ALTER TABLE heartbeats ADD COLUMN boot_id TEXT NOT NULL DEFAULT '';
