-- What was pulled, how far each stream is read, and the cost lines that came of it.

CREATE TABLE pull (
  id text PRIMARY KEY,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  job_id text NOT NULL,
  attempt integer NOT NULL CHECK (attempt >= 0),
  connector text NOT NULL,
  stream text NOT NULL,
  from_at timestamptz NOT NULL,
  to_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('running', 'succeeded', 'failed')),
  pages integer NOT NULL DEFAULT 0 CHECK (pages >= 0),
  rows bigint NOT NULL DEFAULT 0 CHECK (rows >= 0),
  inserted bigint NOT NULL DEFAULT 0 CHECK (inserted >= 0),
  revisions bigint NOT NULL DEFAULT 0 CHECK (revisions >= 0),
  expected bigint CHECK (expected >= 0),
  warnings jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(warnings) = 'array'),
  error_code text,
  error_message text,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  CHECK (from_at <= to_at),
  CHECK ((state = 'running') = (finished_at IS NULL)),
  CHECK ((state = 'failed') = (error_code IS NOT NULL))
);
CREATE INDEX pull_by_stream ON pull (connector, stream, seq DESC);
CREATE INDEX pull_running ON pull (connector, stream) WHERE state = 'running';
CREATE INDEX pull_by_seq ON pull (seq DESC);
COMMENT ON TABLE pull IS 'One attempt to read one window of one stream.';
COMMENT ON COLUMN pull.expected IS 'Expected points of the window; null where the source has no cadence.';

CREATE TABLE pull_page (
  pull_id text NOT NULL REFERENCES pull (id),
  seq integer NOT NULL CHECK (seq >= 0),
  sha256 text NOT NULL,
  bytes bigint NOT NULL CHECK (bytes >= 0),
  request_method text NOT NULL,
  request_url text NOT NULL,
  object_key text NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (pull_id, seq)
);
CREATE INDEX pull_page_by_hash ON pull_page (sha256);
COMMENT ON TABLE pull_page IS 'Archived answers of a source, by content hash: the end of every figure''s lineage. The address has its secrets redacted.';

CREATE TABLE watermark (
  connector text NOT NULL,
  stream text NOT NULL,
  watermark_at timestamptz NOT NULL,
  pull_id text NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (connector, stream)
);
COMMENT ON TABLE watermark IS 'Up to where each stream has been read and stored; written in the transaction that stores the rows.';

CREATE TABLE cost_line (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  connector text NOT NULL,
  stream text NOT NULL,
  source_key text NOT NULL CHECK (source_key <> ''),
  revision integer NOT NULL CHECK (revision >= 1),
  project_ref text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('budget', 'commitment', 'accrual', 'actual', 'forecast')),
  capitalisation text NOT NULL CHECK (capitalisation IN ('capex', 'opex')),
  recurrence text NOT NULL CHECK (recurrence IN ('one-off', 'run')),
  pool text,
  amount numeric NOT NULL CHECK (amount > '-Infinity' AND amount < 'Infinity'),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  posting_date date NOT NULL,
  cash_date date,
  document text,
  correction_of text,
  text text,
  pull_id text,
  page_hash text,
  observed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  UNIQUE (connector, stream, source_key, revision)
);
CREATE INDEX cost_line_by_project ON cost_line (connector, stream, project_ref, posting_date);
CREATE TRIGGER cost_line_is_append_only BEFORE UPDATE OR DELETE ON cost_line
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cost_line_is_not_truncated BEFORE TRUNCATE ON cost_line
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE cost_line IS 'Cost lines with all their revisions; the newest revision of a source key counts.';
COMMENT ON COLUMN cost_line.posting_date IS 'Accounting date: the period in which the cost counts.';
