-- Projects as configured, what must be recomputed, and the computed snapshots.

CREATE TABLE project (
  id text PRIMARY KEY,
  name text NOT NULL,
  portfolio text,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  time_zone text NOT NULL,
  starts_on date NOT NULL,
  -- json, not jsonb: the text is kept as it is, so that equal inputs give equal bytes.
  definition json NOT NULL,
  retired_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
COMMENT ON TABLE project IS 'Mirror of the configuration. A project that left the configuration is kept, marked retired: its snapshots stay explicable.';
COMMENT ON COLUMN project.definition IS 'The whole project with its metrics, as the domain knows it.';

CREATE TABLE value_metric (
  project_id text NOT NULL REFERENCES project (id),
  id text NOT NULL,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('flow', 'stock', 'ratio')),
  unit text NOT NULL,
  connector text NOT NULL,
  stream text NOT NULL,
  definition json NOT NULL,
  retired_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, id)
);
CREATE INDEX value_metric_by_source ON value_metric (connector, stream);
COMMENT ON TABLE value_metric IS 'Metrics of a project; the source columns answer which metrics a stream feeds.';

CREATE TABLE dirty_period (
  project_id text NOT NULL,
  metric_id text NOT NULL,
  period date NOT NULL,
  pull_id text NOT NULL,
  marked_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, metric_id, period)
);
COMMENT ON TABLE dirty_period IS 'Periods with a changed sample since the last recompute; emptied in the recompute''s transaction.';

CREATE TABLE roi_snapshot (
  id text PRIMARY KEY,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  project_id text NOT NULL,
  as_of date NOT NULL,
  known_at timestamptz NOT NULL,
  engine_version text NOT NULL,
  inputs_hash text NOT NULL,
  outputs json NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (project_id, as_of, inputs_hash, engine_version)
);
CREATE INDEX roi_snapshot_by_project ON roi_snapshot (project_id, seq DESC);
CREATE TRIGGER roi_snapshot_is_immutable BEFORE UPDATE OR DELETE ON roi_snapshot
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER roi_snapshot_is_not_truncated BEFORE TRUNCATE ON roi_snapshot
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE roi_snapshot IS 'Computed results, immutable. The same project, date, inputs and engine give the same row.';

CREATE TABLE roi_current (
  project_id text PRIMARY KEY,
  snapshot_id text NOT NULL REFERENCES roi_snapshot (id),
  as_of date NOT NULL,
  known_at timestamptz NOT NULL
);
COMMENT ON TABLE roi_current IS 'Which snapshot holds now: the newest date, as saved last (clocks may be put back). A sample corrected and corrected back makes an older row current again.';

CREATE TABLE report (
  id text PRIMARY KEY,
  project_id text NOT NULL,
  snapshot_id text NOT NULL REFERENCES roi_snapshot (id),
  format text NOT NULL CHECK (format IN ('html', 'csv')),
  object_key text NOT NULL,
  location text NOT NULL,
  sha256 text NOT NULL,
  bytes bigint NOT NULL CHECK (bytes >= 0),
  created_at timestamptz NOT NULL,
  UNIQUE (snapshot_id, format)
);
CREATE INDEX report_by_project ON report (project_id, created_at DESC);
COMMENT ON TABLE report IS 'Report files in the object store, one for each snapshot and format.';
