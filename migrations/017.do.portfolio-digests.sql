-- A digest may be about a portfolio. Releases before write none of these, and what they write holds as before.

ALTER TABLE digest
  ALTER COLUMN project_id DROP NOT NULL,
  ADD COLUMN portfolio_id text CHECK (portfolio_id <> ''),
  ADD COLUMN portfolio_snapshot_id text REFERENCES portfolio_snapshot (id),
  ADD CONSTRAINT digest_of_one_scope CHECK (num_nonnulls(project_id, portfolio_id) = 1),
  ADD CONSTRAINT digest_snapshot_of_scope CHECK (
    (portfolio_snapshot_id IS NULL) = (portfolio_id IS NULL) AND (snapshot_id IS NULL OR project_id IS NOT NULL)
  );
CREATE INDEX digest_by_portfolio_snapshot ON digest (portfolio_snapshot_id) WHERE portfolio_snapshot_id IS NOT NULL;
COMMENT ON COLUMN digest.snapshot_id IS 'Of the project. Null: there was none to rest on, and the digest says so.';
COMMENT ON COLUMN digest.portfolio_snapshot_id IS 'The roll-up that a digest about a portfolio rests on, and the next one is compared with.';
