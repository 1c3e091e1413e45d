-- What connectors are, since when, and what the last check of each found.

CREATE TABLE connector_version (
  connector text NOT NULL CHECK (connector ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'),
  version integer NOT NULL CHECK (version >= 1),
  kind text NOT NULL CHECK (kind <> ''),
  definition json NOT NULL CHECK (json_typeof(definition) = 'object'),
  secrets_fingerprint text,
  is_retired boolean NOT NULL,
  recorded_at timestamptz NOT NULL,
  recorded_by text NOT NULL CHECK (recorded_by <> ''),
  reason text,
  PRIMARY KEY (connector, version)
);
COMMENT ON TABLE connector_version IS 'Definitions of connectors as they were applied, each in force until the next version. Secrets are masked.';
COMMENT ON COLUMN connector_version.secrets_fingerprint IS 'Salted scrypt of all its secrets together: tells that one changed, and none can be read from it. Null: it has none.';
CREATE TRIGGER connector_version_is_append_only BEFORE UPDATE OR DELETE ON connector_version
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER connector_version_is_not_truncated BEFORE TRUNCATE ON connector_version
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE stream_identity (
  connector text NOT NULL CHECK (connector <> ''),
  stream text NOT NULL CHECK (stream <> ''),
  generation integer NOT NULL CHECK (generation >= 1),
  identity text NOT NULL CHECK (identity <> ''),
  since timestamptz NOT NULL,
  PRIMARY KEY (connector, stream, generation)
);
COMMENT ON TABLE stream_identity IS 'What a stream asks its source for. Another question begins a generation: what earlier ones gave counts no more from then on, and stays for whoever asks what was known.';
CREATE TRIGGER stream_identity_is_append_only BEFORE UPDATE OR DELETE ON stream_identity
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER stream_identity_is_not_truncated BEFORE TRUNCATE ON stream_identity
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A series of an earlier generation gives its place up to one of the same labels and unit: releases that know nothing of
-- generations go on finding the one that counts.
ALTER TABLE series
  ADD COLUMN superseded_stream text,
  ADD COLUMN superseded_at timestamptz,
  ADD CONSTRAINT series_superseded_together CHECK ((superseded_stream IS NULL) = (superseded_at IS NULL));
CREATE INDEX series_superseded ON series (connector, superseded_stream) WHERE superseded_at IS NOT NULL;
COMMENT ON COLUMN series.superseded_stream IS 'The stream that it was of until superseded_at; its `stream` then has the number of the generation appended.';

CREATE FUNCTION stream_generation_since(of_connector text, of_stream text, known timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
  SELECT coalesce(max(since), '-infinity') FROM stream_identity
  WHERE connector = of_connector AND stream = of_stream AND generation > 1 AND since <= known
$$;
COMMENT ON FUNCTION stream_generation_since(text, text, timestamptz) IS 'From when on rows of a stream count, by what was known then; -infinity where it always asked the same.';

CREATE TABLE connector_check (
  connector text PRIMARY KEY CHECK (connector <> ''),
  checked_at timestamptz NOT NULL,
  duration_ms bigint NOT NULL CHECK (duration_ms >= 0)
);
COMMENT ON TABLE connector_check IS 'The newest `outturn check` of each connector.';

CREATE TABLE connector_finding (
  connector text NOT NULL REFERENCES connector_check (connector) ON DELETE CASCADE,
  position integer NOT NULL CHECK (position >= 0),
  stream text,
  level text NOT NULL CHECK (level IN ('ok', 'warning', 'error')),
  aspect text NOT NULL CHECK (aspect <> ''),
  message text NOT NULL,
  hint text,
  expires_at timestamptz,
  PRIMARY KEY (connector, position)
);
COMMENT ON TABLE connector_finding IS 'What the newest check of a connector found, in the order in which it was looked at.';
COMMENT ON COLUMN connector_finding.expires_at IS 'When the credentials or the certificate that were tried end, where the source tells.';
