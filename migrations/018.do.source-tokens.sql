-- Tokens and sessions of sources: renewed by one process at a time, shared by all of them.

CREATE TABLE source_token (
  key text PRIMARY KEY,
  connector text NOT NULL,
  generation bigint NOT NULL DEFAULT 0 CHECK (generation >= 0),
  sealed text,
  expires_at timestamptz,
  holder text,
  held_until timestamptz,
  refused_at timestamptz,
  refused_until timestamptz,
  refused_reason text,
  updated_at timestamptz NOT NULL,
  CHECK ((generation = 0) = (sealed IS NULL)),
  CHECK ((holder IS NULL) = (held_until IS NULL)),
  CHECK ((refused_at IS NULL) = (refused_until IS NULL) AND (refused_at IS NULL) = (refused_reason IS NULL))
);
COMMENT ON TABLE source_token IS 'The token of one set of credentials. Every instant is this server''s.';
COMMENT ON COLUMN source_token.key IS 'A slow hash of the credentials: other credentials are another row, and nobody can try passwords on it.';
COMMENT ON COLUMN source_token.connector IS 'The connector that asked last, for people.';
COMMENT ON COLUMN source_token.sealed IS 'Access and refresh token or session, encrypted with OUTTURN_KEY.';
COMMENT ON COLUMN source_token.holder IS 'The process that renews it now; it has leave until held_until.';
COMMENT ON COLUMN source_token.refused_until IS 'The source refused the credentials: nobody tries them again until then, so that no account is locked.';
