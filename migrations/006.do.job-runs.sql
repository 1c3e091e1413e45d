-- The history of each job's runs, and the fencing token that lets only the newest of them commit.

ALTER TABLE outbox
  ADD COLUMN priority text NOT NULL DEFAULT 'normal' CHECK (priority IN ('high', 'normal', 'low')),
  ADD COLUMN replays integer NOT NULL DEFAULT 0 CHECK (replays >= 0),
  ADD COLUMN trace_parent text;
COMMENT ON COLUMN outbox.replays IS 'How often it was put back to its first attempt after it had failed for good; part of its name in the queue.';
COMMENT ON COLUMN outbox.trace_parent IS 'W3C traceparent of what asked for it.';

ALTER TABLE outbox DROP CONSTRAINT outbox_queue_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_queue_check CHECK (queue IN ('pull', 'backfill', 'compute', 'report', 'delivery'));

-- What the queue should hold is gone through page by page.
CREATE INDEX outbox_open_by_seq ON outbox (seq) WHERE acknowledged_at IS NULL;

-- Apart from the outbox: a run that commits holds this row for a moment, and must not hold up who reads progress or cancels.
CREATE TABLE job_fence (
  job_id text PRIMARY KEY,
  token bigint NOT NULL CHECK (token >= 1)
);
COMMENT ON TABLE job_fence IS 'The newest token of each job: a run, or a cancellation, takes the next one, and whoever holds an older one commits nothing more.';

CREATE TABLE job_run (
  job_id text NOT NULL,
  token bigint NOT NULL,
  replays integer NOT NULL,
  attempt integer NOT NULL CHECK (attempt >= 1),
  instance text NOT NULL,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  outcome text CHECK (outcome IN ('succeeded', 'retried', 'failed', 'cancelled', 'released', 'lost')),
  error_code text,
  error_message text,
  PRIMARY KEY (job_id, token),
  CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX job_run_by_time ON job_run (started_at DESC);
COMMENT ON TABLE job_run IS 'One run of a job by one worker. One that never ended died with its worker; three of them put the job into quarantine.';
COMMENT ON COLUMN job_run.replays IS 'The outbox''s replays at that time: crashes of before a replay do not count any more.';

CREATE FUNCTION notify_cancelled() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('outturn_outbox', 'cancelled:' || NEW.id);
  RETURN NULL;
END $$;
COMMENT ON FUNCTION notify_cancelled() IS 'Tells every worker process which job is not wanted any more.';
CREATE TRIGGER outbox_cancelled AFTER UPDATE OF state ON outbox FOR EACH ROW
  WHEN (NEW.state = 'cancelled' AND OLD.state <> 'cancelled') EXECUTE FUNCTION notify_cancelled();

-- Rolling upgrades: a program that does not know the newest migrations may run while its own newest is at least this one.
CREATE TABLE schema_floor (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  version integer NOT NULL
);
INSERT INTO schema_floor (version) VALUES (6);
COMMENT ON TABLE schema_floor IS 'The oldest newest-known migration with which a program may still work on this schema. A migration that takes something away raises it.';
