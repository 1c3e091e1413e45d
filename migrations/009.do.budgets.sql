-- What each account at a source is asked, counted for the whole fleet by this server's clock.

CREATE TABLE budget_account (
  id text PRIMARY KEY,
  version bigint NOT NULL CHECK (version >= 1),
  day date,
  day_used integer NOT NULL DEFAULT 0 CHECK (day_used >= 0),
  blocked_until timestamptz,
  blocked_reason text,
  source_per_minute integer CHECK (source_per_minute >= 1),
  source_seen_at timestamptz,
  eased_to integer CHECK (eased_to >= 1),
  eased_from integer CHECK (eased_from > eased_to),
  eased_at timestamptz,
  CHECK ((source_per_minute IS NULL) = (source_seen_at IS NULL)),
  CHECK ((eased_to IS NULL) = (eased_at IS NULL) AND (eased_from IS NULL) = (eased_at IS NULL))
);
COMMENT ON TABLE budget_account IS 'What is known of an account at a source. Its limits are configuration and stand in no table.';
COMMENT ON COLUMN budget_account.version IS 'Each grant, and each thing that the source says, takes the next one: a decision made on an older one is void.';
COMMENT ON COLUMN budget_account.day IS 'The day, in the account''s zone and from its reset on, that day_used counts.';
COMMENT ON COLUMN budget_account.source_per_minute IS 'The limit that the source named last.';
COMMENT ON COLUMN budget_account.eased_to IS 'The rate to which a refusal lowered it at eased_at; it comes back to eased_from step by step.';

CREATE TABLE budget_lease (
  id text PRIMARY KEY,
  account text NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('live', 'backfill')),
  holder text NOT NULL,
  granted_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > granted_at),
  ended_at timestamptz,
  counts_until timestamptz NOT NULL
);
CREATE INDEX budget_lease_by_account ON budget_lease (account, counts_until);
COMMENT ON TABLE budget_lease IS 'One request to a source. In use until it ends, or until it expires because its process died.';
COMMENT ON COLUMN budget_lease.counts_until IS 'It counts against the requests of a minute until then: a minute after the source had it at the latest.';

CREATE TABLE budget_queue (
  account text NOT NULL,
  id text NOT NULL,
  live integer NOT NULL CHECK (live >= 0),
  backfill integer NOT NULL CHECK (backfill >= 0),
  since timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (account, id)
);
COMMENT ON TABLE budget_queue IS 'Requests that wait for an account in one process; refreshed as long as they do.';
COMMENT ON COLUMN budget_queue.since IS 'Since when the first of them has waited: a live one where there is one.';
