-- Intents, what failed for good, and which schedule fired when.

CREATE TABLE outbox (
  id text PRIMARY KEY,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL CHECK (kind <> ''),
  version integer NOT NULL CHECK (version >= 1),
  queue text NOT NULL CHECK (queue IN ('pull', 'compute', 'report', 'delivery')),
  args json NOT NULL,
  dedupe_key text,
  not_before timestamptz,
  cause text NOT NULL,
  parent_id text,
  state text NOT NULL DEFAULT 'pending'
    CHECK (state IN ('pending', 'published', 'running', 'succeeded', 'failed', 'collapsed', 'cancelled')),
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  progress_done double precision,
  progress_total double precision,
  result json,
  error_code text,
  error_message text,
  created_at timestamptz NOT NULL,
  published_at timestamptz,
  started_at timestamptz,
  acknowledged_at timestamptz,
  CHECK ((state IN ('pending', 'published', 'running')) = (acknowledged_at IS NULL)),
  CHECK ((progress_done IS NULL) = (progress_total IS NULL))
);
CREATE INDEX outbox_unpublished ON outbox (seq) WHERE state = 'pending';
CREATE INDEX outbox_open ON outbox (state) WHERE acknowledged_at IS NULL;
CREATE INDEX outbox_waiting ON outbox (kind, dedupe_key, seq)
  WHERE state IN ('pending', 'published') AND started_at IS NULL AND dedupe_key IS NOT NULL;
CREATE INDEX outbox_by_seq ON outbox (seq DESC);
CREATE INDEX outbox_by_kind ON outbox (kind, seq DESC);
CREATE INDEX outbox_by_parent ON outbox (parent_id) WHERE parent_id IS NOT NULL;
COMMENT ON TABLE outbox IS 'Intents, written in the transaction that makes the work necessary; the job''s identity for people. A relay publishes them to the queue.';
COMMENT ON COLUMN outbox.cause IS 'What made it necessary: another job, a schedule''s fire, a person.';
COMMENT ON COLUMN outbox.acknowledged_at IS 'When it ended, in whatever way; null while work may remain.';

CREATE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('outturn_outbox', '');
  RETURN NULL;
END $$;
COMMENT ON FUNCTION notify_outbox() IS 'Wakes the relays when the transaction commits.';
CREATE TRIGGER outbox_inserted AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox();
CREATE TRIGGER outbox_unpublished_again AFTER UPDATE OF state ON outbox FOR EACH ROW
  WHEN (NEW.state = 'pending' AND OLD.state <> 'pending') EXECUTE FUNCTION notify_outbox();

CREATE TABLE dead_letter (
  id text PRIMARY KEY,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  job_id text NOT NULL UNIQUE,
  kind text NOT NULL,
  args json NOT NULL,
  error_code text NOT NULL,
  error_message text NOT NULL,
  stack text,
  attempts integer NOT NULL CHECK (attempts >= 0),
  first_failed_at timestamptz NOT NULL,
  last_failed_at timestamptz NOT NULL CHECK (last_failed_at >= first_failed_at)
);
CREATE INDEX dead_letter_by_time ON dead_letter (last_failed_at DESC, seq DESC);
COMMENT ON TABLE dead_letter IS 'Jobs that failed for good, kept apart from the queue''s own retention.';

CREATE TABLE fire (
  schedule text NOT NULL,
  slot text NOT NULL,
  slot_at timestamptz NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('fired', 'late', 'skipped', 'caught-up', 'manual')),
  reason text,
  instance text NOT NULL,
  job_id text,
  fired_at timestamptz NOT NULL,
  PRIMARY KEY (schedule, slot)
);
CREATE INDEX fire_by_schedule ON fire (schedule, slot_at DESC);
CREATE INDEX fire_by_time ON fire (fired_at DESC);
COMMENT ON TABLE fire IS 'Fire ledger: the primary key elects the one instance that fires a slot.';
COMMENT ON COLUMN fire.slot IS 'Local wall-clock time with its zone, 2026-10-25T01:30[Europe/Berlin]: a repeated hour is one slot.';
