-- What was told to whom.

CREATE TABLE digest (
  id text PRIMARY KEY,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  subscription text NOT NULL,
  project_id text NOT NULL,
  slot text NOT NULL,
  snapshot_id text REFERENCES roi_snapshot (id),
  test boolean NOT NULL,
  facts json NOT NULL,
  facts_hash text NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (subscription, slot)
);
CREATE INDEX digest_by_subscription ON digest (subscription, seq DESC) WHERE NOT test;
COMMENT ON TABLE digest IS 'The facts of each digest before any channel''s form; one for each subscription and slot.';
COMMENT ON COLUMN digest.snapshot_id IS 'Null: there was none to rest on, and the digest says so.';

CREATE TABLE delivery (
  id text PRIMARY KEY,
  seq bigint GENERATED ALWAYS AS IDENTITY,
  idempotency_key text NOT NULL UNIQUE,
  digest_id text NOT NULL REFERENCES digest (id),
  subscription text NOT NULL,
  slot text NOT NULL,
  channel text NOT NULL CHECK (channel IN ('email', 'slack')),
  address text NOT NULL CHECK (address <> ''),
  recipient_name text NOT NULL,
  test boolean NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'unknown')),
  message_id text,
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  error_code text,
  error_message text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CHECK ((state = 'sent') = (message_id IS NOT NULL))
);
CREATE INDEX delivery_by_digest ON delivery (digest_id);
CREATE INDEX delivery_by_seq ON delivery (seq DESC);
COMMENT ON TABLE delivery IS 'Effect ledger: one row for each message that may leave, keyed so that it leaves once.';
COMMENT ON COLUMN delivery.state IS 'unknown: it may have arrived; only reconciliation decides about another try.';
