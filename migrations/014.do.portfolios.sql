-- Roll-ups of projects, immutable like those of one project.

CREATE TABLE portfolio_snapshot (
  id text PRIMARY KEY,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  portfolio_id text NOT NULL CHECK (portfolio_id <> ''),
  as_of date NOT NULL,
  known_at timestamptz NOT NULL,
  engine_version text NOT NULL,
  inputs_hash text NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  outputs json NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (portfolio_id, as_of, inputs_hash, engine_version)
);
CREATE INDEX portfolio_snapshot_by_portfolio ON portfolio_snapshot (portfolio_id, seq DESC);
CREATE TRIGGER portfolio_snapshot_is_immutable BEFORE UPDATE OR DELETE ON portfolio_snapshot
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER portfolio_snapshot_is_not_truncated BEFORE TRUNCATE ON portfolio_snapshot
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE portfolio_snapshot IS 'What the projects of a portfolio came to together, claims settled. The same inputs and engine give the same row.';
