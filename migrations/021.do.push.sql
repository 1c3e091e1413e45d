-- What is sent to us: answers that a repeat gets again, and samples of Prometheus until their step is over.

CREATE TABLE push_receipt (
  connector text NOT NULL,
  idempotency_key text NOT NULL CHECK (idempotency_key <> ''),
  chunk integer NOT NULL CHECK (chunk >= 0),
  sha256 text NOT NULL,
  answer jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (connector, idempotency_key, chunk)
);
CREATE INDEX push_receipt_by_time ON push_receipt (created_at);
COMMENT ON TABLE push_receipt IS 'What a push with an Idempotency-Key was answered, written with its rows: the same push again changes nothing.';
COMMENT ON COLUMN push_receipt.chunk IS 'Number of the part of a long push, from 0.';

CREATE TABLE push_series (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  connector text NOT NULL CHECK (connector <> ''),
  stream text NOT NULL CHECK (stream <> ''),
  labels jsonb NOT NULL CHECK (jsonb_typeof(labels) = 'object'),
  labels_hash text NOT NULL GENERATED ALWAYS AS (md5(labels::text)) STORED,
  created_at timestamptz NOT NULL,
  UNIQUE (connector, stream, labels_hash)
);
COMMENT ON TABLE push_series IS 'Series of Prometheus that a stream selects, with all labels, the replica''s too.';

CREATE TABLE push_sample (
  series_id bigint NOT NULL REFERENCES push_series (id) ON DELETE CASCADE,
  at timestamptz NOT NULL,
  value double precision CHECK (value > '-Infinity' AND value < 'Infinity'),
  received_at timestamptz NOT NULL,
  PRIMARY KEY (series_id, at)
);
COMMENT ON TABLE push_sample IS 'Samples as Prometheus sent them, until their step is over and late ones are no longer expected. The archived page of the step keeps them.';
COMMENT ON COLUMN push_sample.value IS 'Null: a stale marker, the series had ended.';

CREATE TABLE push_step (
  connector text NOT NULL,
  stream text NOT NULL,
  ends_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  follows boolean NOT NULL DEFAULT false,
  marked_at timestamptz NOT NULL,
  PRIMARY KEY (connector, stream, ends_at)
);
COMMENT ON TABLE push_step IS 'Steps of a stream that have samples which are not measured yet.';
COMMENT ON COLUMN push_step.version IS 'Grows with each sample: who measured an older one must measure again.';
COMMENT ON COLUMN push_step.follows IS 'No sample of its own came: one before it did, which its first difference is taken from.';

ALTER TABLE outbox ADD COLUMN joins integer NOT NULL DEFAULT 0 CHECK (joins >= 0);
COMMENT ON COLUMN outbox.joins IS 'How many transactions rely on this one still running instead of asking for a job of their own: it is never collapsed into one that may have read before they committed.';
