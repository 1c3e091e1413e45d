-- Old windows of a stream, read in chunks, one after another, beside the live pulls.

CREATE TABLE backfill (
  id text PRIMARY KEY,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  connector text NOT NULL,
  stream text NOT NULL,
  from_at timestamptz NOT NULL,
  to_at timestamptz NOT NULL,
  chunk_ms bigint NOT NULL CHECK (chunk_ms > 0),
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
  cause text NOT NULL,
  created_at timestamptz NOT NULL,
  ended_at timestamptz,
  CHECK (from_at < to_at),
  CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE INDEX backfill_by_seq ON backfill (seq DESC);
CREATE INDEX backfill_running ON backfill (connector, stream) WHERE state = 'running';
COMMENT ON TABLE backfill IS 'A window of the past that somebody asked for. While it runs exactly one of its chunks is queued.';

CREATE TABLE backfill_chunk (
  backfill_id text NOT NULL REFERENCES backfill (id),
  seq integer NOT NULL CHECK (seq >= 1),
  from_at timestamptz NOT NULL,
  to_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'queued', 'done', 'failed', 'cancelled')),
  job_id text,
  pull_id text,
  pages integer NOT NULL DEFAULT 0 CHECK (pages >= 0),
  rows bigint NOT NULL DEFAULT 0 CHECK (rows >= 0),
  inserted bigint NOT NULL DEFAULT 0 CHECK (inserted >= 0),
  revisions bigint NOT NULL DEFAULT 0 CHECK (revisions >= 0),
  warnings integer NOT NULL DEFAULT 0 CHECK (warnings >= 0),
  error_code text,
  error_message text,
  started_at timestamptz,
  finished_at timestamptz,
  PRIMARY KEY (backfill_id, seq),
  CHECK (from_at < to_at),
  CHECK (state = 'waiting' OR job_id IS NOT NULL),
  CHECK ((state = 'done') = (pull_id IS NOT NULL)),
  CHECK ((state = 'failed') = (error_code IS NOT NULL))
);
CREATE UNIQUE INDEX backfill_chunk_by_job ON backfill_chunk (job_id) WHERE job_id IS NOT NULL;
CREATE UNIQUE INDEX backfill_chunk_one_queued ON backfill_chunk (backfill_id) WHERE state = 'queued';
COMMENT ON TABLE backfill_chunk IS 'Half-open windows that touch: no sample falls between two of them or is in both.';
COMMENT ON COLUMN backfill_chunk.job_id IS 'The newest job that was asked for this chunk; an older one finds that it is not wanted any more.';

CREATE TABLE backfill_recompute (
  backfill_id text NOT NULL REFERENCES backfill (id),
  project_id text NOT NULL,
  job_id text NOT NULL,
  kind text NOT NULL,
  version integer NOT NULL,
  queue text NOT NULL,
  args json NOT NULL,
  dedupe_key text,
  priority text NOT NULL,
  PRIMARY KEY (backfill_id, project_id)
);
COMMENT ON TABLE backfill_recompute IS 'Intents that wait until the backfill ends, in whatever way: one for each project that it touched.';

CREATE FUNCTION end_backfill(which text, how text, at timestamptz, parent text, trace text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE backfill SET state = how, ended_at = at WHERE id = which;
  WITH due AS (DELETE FROM backfill_recompute WHERE backfill_id = which RETURNING *)
  INSERT INTO outbox (id, kind, version, queue, args, dedupe_key, priority, trace_parent, cause, parent_id, created_at)
  SELECT job_id, kind, version, queue, args, dedupe_key, priority, trace, 'backfill ' || which, parent, at
  FROM due ORDER BY project_id;
END $$;
COMMENT ON FUNCTION end_backfill(text, text, timestamptz, text, text) IS 'Ends it and lets what waited for its end go, in the caller''s transaction.';

-- A trigger, so that no way in which a job can end (its last attempt, quarantine, a cancellation by whatever program) leaves a
-- backfill behind that waits for a chunk which nobody works on.
CREATE FUNCTION follow_backfill_chunk() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  which text;
  how text;
BEGIN
  SELECT backfill_id INTO which FROM backfill_chunk WHERE job_id = NEW.id;
  IF which IS NULL THEN
    RETURN NULL;
  END IF;
  -- Everywhere in this order: the job's fence, the job, the backfill, its chunk.
  PERFORM FROM backfill WHERE id = which FOR UPDATE;
  IF NEW.acknowledged_at IS NOT NULL THEN
    -- A success without the chunk's rows would be a defect; it must not leave the backfill waiting either.
    how := CASE WHEN NEW.state = 'cancelled' THEN 'cancelled' ELSE 'failed' END;
    UPDATE backfill_chunk
    SET state = how, finished_at = NEW.acknowledged_at,
      error_code = CASE WHEN how = 'failed' THEN coalesce(NEW.error_code, 'internal') END,
      error_message = CASE WHEN how = 'failed' THEN coalesce(NEW.error_message, 'Its job ended without having stored it.') END
    WHERE job_id = NEW.id AND state = 'queued';
    IF FOUND THEN
      PERFORM end_backfill(which, how, NEW.acknowledged_at, NEW.id, NEW.trace_parent);
    END IF;
  ELSE
    -- The failed job was put back: the backfill goes on from there.
    UPDATE backfill_chunk
    SET state = 'queued', finished_at = NULL, started_at = NULL, error_code = NULL, error_message = NULL
    WHERE job_id = NEW.id AND state = 'failed';
    IF FOUND THEN
      UPDATE backfill SET state = 'running', ended_at = NULL WHERE id = which;
    END IF;
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION follow_backfill_chunk() IS 'A backfill ends with the job of its chunk, and goes on when that job is replayed.';
CREATE TRIGGER outbox_of_backfill AFTER UPDATE OF state ON outbox FOR EACH ROW
  WHEN (NEW.kind = 'backfill-chunk' AND NEW.state <> OLD.state
    AND (NEW.acknowledged_at IS NOT NULL OR OLD.state = 'failed'))
  EXECUTE FUNCTION follow_backfill_chunk();
