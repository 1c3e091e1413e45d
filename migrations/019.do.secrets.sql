-- Secrets of the configuration, ${secret:NAME}. The database holds sealed forms only: the key lies outside.

CREATE SEQUENCE secret_revision;
CREATE TABLE secret (
  name text PRIMARY KEY CHECK (name ~ '^[A-Za-z][A-Za-z0-9_.-]{0,62}$'),
  sealed text NOT NULL CHECK (sealed ~ '^outturn1[.][0-9a-f]{12}[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$'),
  key_id text NOT NULL GENERATED ALWAYS AS (split_part(sealed, '.', 2)) STORED,
  revision bigint NOT NULL DEFAULT nextval('secret_revision'),
  created_at timestamptz NOT NULL,
  set_at timestamptz NOT NULL,
  set_by text NOT NULL CHECK (btrim(set_by) <> '')
);
ALTER SEQUENCE secret_revision OWNED BY secret.revision;
COMMENT ON TABLE secret IS 'Written by `outturn secret set` and PUT /v1/secrets; values leave the database sealed only.';
COMMENT ON COLUMN secret.sealed IS 'AES-256-GCM: version, id of the master key, wrapped key of this secret, text. Bound to the name.';
COMMENT ON COLUMN secret.revision IS 'A new one with each value, the same when only the master key changes: processes compare it.';
