-- What an operator decides about failures, and what looking for jobs and for missing work rests on.

ALTER TABLE dead_letter
  ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version >= 1),
  ADD COLUMN cause text NOT NULL DEFAULT '',
  ADD COLUMN parent_id text,
  ADD COLUMN replays integer NOT NULL DEFAULT 0 CHECK (replays >= 0),
  ADD COLUMN replayed_at timestamptz,
  ADD COLUMN replayed_by text,
  ADD COLUMN discarded_at timestamptz,
  ADD COLUMN discarded_by text,
  ADD COLUMN discard_reason text,
  ADD CHECK ((discarded_at IS NULL) = (discarded_by IS NULL)),
  ADD CHECK ((replayed_at IS NULL) = (replayed_by IS NULL));
UPDATE dead_letter d SET version = o.version, cause = o.cause, parent_id = o.parent_id FROM outbox o WHERE o.id = d.job_id;
COMMENT ON COLUMN dead_letter.replays IS 'How often a person had it run again.';
COMMENT ON COLUMN dead_letter.discarded_at IS 'When a person decided that it is not to be done; a later failure of the same job opens it again.';

ALTER TABLE delivery
  ADD COLUMN settled_at timestamptz,
  ADD COLUMN settled_by text,
  ADD COLUMN settle_reason text,
  ADD CHECK ((settled_at IS NULL) = (settled_by IS NULL));
COMMENT ON COLUMN delivery.settled_by IS 'Who found out by other means what no channel could tell: whether it arrived.';
CREATE INDEX delivery_unsettled ON delivery (state, updated_at) WHERE state <> 'sent';

-- Ids are looked up by their beginning, in any collation.
CREATE INDEX outbox_by_id_prefix ON outbox (id text_pattern_ops);
CREATE INDEX delivery_by_id_prefix ON delivery (id text_pattern_ops);
CREATE INDEX outbox_by_key ON outbox (kind, dedupe_key, seq DESC) WHERE dedupe_key IS NOT NULL;
CREATE INDEX outbox_by_created ON outbox (created_at);
-- Jobs of one state are asked for by people and by gauges; most jobs have long succeeded.
CREATE INDEX outbox_by_state ON outbox (state, seq DESC) WHERE state NOT IN ('succeeded', 'collapsed');
CREATE INDEX digest_by_created ON digest (created_at);
CREATE INDEX roi_snapshot_by_created ON roi_snapshot (created_at);
CREATE INDEX pull_running_by_job ON pull (job_id) WHERE state = 'running';
