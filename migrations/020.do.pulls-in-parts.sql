-- Pulls that store as they read: how far each one got, what waits for its end, and what its pages need to be read again.

ALTER TABLE pull ADD COLUMN kind text;
ALTER TABLE pull ADD COLUMN resume_key text;
ALTER TABLE pull ADD COLUMN complete_at timestamptz;
COMMENT ON COLUMN pull.kind IS 'Of the connector when it was asked; null for pulls of before.';
COMMENT ON COLUMN pull.resume_key IS 'What the next attempt at the same window is called by: the job, or the chunk of a backfill; null for live pulls, which the watermark leads.';
COMMENT ON COLUMN pull.complete_at IS 'Everything of the window before this instant is stored, whatever became of the pull; null: nothing is known to be.';
CREATE INDEX pull_by_resume_key ON pull (resume_key, seq DESC) WHERE complete_at IS NOT NULL;

ALTER TABLE pull_page ADD COLUMN content_type text;
ALTER TABLE pull_page ADD COLUMN meta json;
ALTER TABLE pull_page ADD COLUMN removed_at timestamptz;
COMMENT ON COLUMN pull_page.meta IS 'What the parser needs besides the body; null for pages of before, whose pull has a manifest in the object store.';
COMMENT ON COLUMN pull_page.removed_at IS 'When retention removed the body; null: it is kept.';
ALTER TABLE pull_page ADD COLUMN evidence_at timestamptz;
COMMENT ON COLUMN pull_page.evidence_at IS 'When retention last found that figures which count rest on it; null: it was not looked at yet, or they do not.';
CREATE INDEX pull_page_by_age ON pull_page (received_at) WHERE removed_at IS NULL;
CREATE INDEX pull_page_removed ON pull_page (sha256) WHERE removed_at IS NOT NULL;

CREATE TABLE page_removal (
  sha256 text PRIMARY KEY,
  object_key text NOT NULL
);
COMMENT ON TABLE page_removal IS 'Objects of pages that are marked as removed and still to be deleted: what a broken run left, the next one does.';

-- Logged: emptied by a crash of the database it would make every line look as if it had not come.
CREATE TABLE pull_cost_key (
  pull_id text NOT NULL REFERENCES pull (id),
  source_key text NOT NULL,
  PRIMARY KEY (pull_id, source_key)
);
COMMENT ON TABLE pull_cost_key IS 'Cost lines that a pull under way has brought, of documents that it brings whole: when it ends, the others of them are withdrawn.';

CREATE TABLE pull_recompute (
  pull_id text NOT NULL REFERENCES pull (id),
  project_id text NOT NULL,
  PRIMARY KEY (pull_id, project_id)
);
COMMENT ON TABLE pull_recompute IS 'Projects that a pull under way has touched: recomputed once when it ends, in whatever way.';

-- Unlogged: after a crash the replay is begun anew.
CREATE UNLOGGED TABLE replay_sample (
  replay_id text NOT NULL,
  unit text NOT NULL,
  labels_hash text NOT NULL,
  at timestamptz NOT NULL,
  labels jsonb NOT NULL,
  duration_ms bigint NOT NULL,
  value double precision,
  numerator double precision,
  denominator double precision,
  status text NOT NULL,
  pull_id text NOT NULL,
  page_hash text NOT NULL,
  PRIMARY KEY (replay_id, unit, labels_hash, at)
);
COMMENT ON TABLE replay_sample IS 'What today''s parser gives of archived pages, of each sample the newest observation, while a replay runs.';

CREATE UNLOGGED TABLE replay_row (
  replay_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('cost', 'rate')),
  key text NOT NULL,
  body json NOT NULL,
  pull_id text NOT NULL,
  page_hash text NOT NULL,
  PRIMARY KEY (replay_id, kind, key)
);
COMMENT ON TABLE replay_row IS 'The same for cost lines and exchange rates.';

CREATE UNLOGGED TABLE replay_page (
  replay_id text NOT NULL,
  pull_id text NOT NULL,
  page_hash text NOT NULL,
  PRIMARY KEY (replay_id, pull_id, page_hash)
);
COMMENT ON TABLE replay_page IS 'Pages that a replay could read and parse: only what rests on one of them can have vanished.';
