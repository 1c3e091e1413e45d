-- Readings kept between recomputes, what was restated, and what each snapshot was made with.

CREATE TABLE metric_reading (
  project_id text NOT NULL,
  metric_id text NOT NULL,
  key text NOT NULL,
  as_of date NOT NULL,
  facts json NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, metric_id)
);
COMMENT ON TABLE metric_reading IS 'A cache: how far each metric''s kept readings hold. Deleting it costs one full recompute and nothing else.';
COMMENT ON COLUMN metric_reading.key IS 'Hash of all that the readings depend on besides samples and date; with another key they are made anew.';
COMMENT ON COLUMN metric_reading.facts IS 'What was found out about the series, the newest sample and overlaps.';

CREATE TABLE period_reading (
  project_id text NOT NULL,
  metric_id text NOT NULL,
  is_frozen boolean NOT NULL,
  period date NOT NULL,
  -- json, not jsonb: what is read from it must be the very bytes that were written.
  reading json NOT NULL,
  PRIMARY KEY (project_id, metric_id, is_frozen, period),
  FOREIGN KEY (project_id, metric_id) REFERENCES metric_reading (project_id, metric_id) ON DELETE CASCADE
);
COMMENT ON TABLE period_reading IS 'A cache: what the samples of each period came to. Of a frozen baseline the periods stand apart: they are read as known when it was frozen.';

ALTER TABLE watermark ADD COLUMN first_read_at timestamptz;
UPDATE watermark w SET first_read_at = coalesce(
  (SELECT min(p.finished_at) FROM pull p
   WHERE p.connector = w.connector AND p.stream = w.stream AND p.state = 'succeeded'
     AND NOT EXISTS (SELECT FROM backfill_chunk c WHERE c.pull_id = p.id)),
  updated_at);
COMMENT ON COLUMN watermark.first_read_at IS 'From when on it is known what the stream says, be it nothing. Null: written by an earlier release, then updated_at counts.';

ALTER TABLE roi_snapshot ADD COLUMN versions json;
COMMENT ON COLUMN roi_snapshot.versions IS 'Of engine, readings, definition, plan, exchange rates and rates that it was computed with; null: made by an earlier release.';

CREATE TABLE restatement (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('benefit', 'cost')),
  metric_id text,
  metric_name text,
  unit text,
  cost_key text,
  period date NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  old_amount numeric NOT NULL,
  new_amount numeric,
  old_actual numeric,
  new_actual numeric,
  cause json NOT NULL,
  old_snapshot_id text NOT NULL REFERENCES roi_snapshot (id),
  new_snapshot_id text NOT NULL REFERENCES roi_snapshot (id),
  recorded_at timestamptz NOT NULL,
  CHECK ((kind = 'benefit') = (metric_id IS NOT NULL)),
  CHECK ((kind = 'cost') = (cost_key IS NOT NULL))
);
CREATE INDEX restatement_by_project ON restatement (project_id, id DESC);
CREATE UNIQUE INDEX restatement_of_cost_once ON restatement (project_id, cost_key) WHERE kind = 'cost';
CREATE TRIGGER restatement_is_append_only BEFORE UPDATE OR DELETE ON restatement
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER restatement_is_not_truncated BEFORE TRUNCATE ON restatement
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE restatement IS 'Figures that were counted once and are others now, or count no more. Append-only.';
COMMENT ON COLUMN restatement.new_amount IS 'Null: no longer counted.';
COMMENT ON COLUMN restatement.cost_key IS 'connector/stream, source key and revision of the cost line''s correction: each is listed once.';
