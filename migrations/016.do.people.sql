-- People and their subscriptions as typed rows, and which slots had no digest. The configuration has the truth; what left it
-- is kept, marked retired, so that deliveries of the past say whom they went to.

CREATE TABLE stakeholder (
  id text PRIMARY KEY CHECK (id ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'),
  name text NOT NULL CHECK (btrim(name) <> ''),
  role text CHECK (role IN ('sponsor', 'owner', 'finance', 'pmo', 'operations', 'other')),
  other_role text CHECK (btrim(other_role) <> ''),
  email text CHECK (email ~ '^[^[:space:]<>@,;"]+@[^[:space:]<>@,;"]+$'),
  slack_id text CHECK (slack_id ~ '^[CDGUW][A-Z0-9]{2,20}$'),
  time_zone text NOT NULL CHECK (time_zone <> ''),
  locale text NOT NULL CHECK (locale <> ''),
  currency text CHECK (currency ~ '^[A-Z]{3}$'),
  scope_projects text[],
  scope_portfolios text[],
  retired_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT stakeholder_other_role_in_words CHECK ((role IS NOT DISTINCT FROM 'other') = (other_role IS NOT NULL)),
  CONSTRAINT stakeholder_scopes_together CHECK ((scope_projects IS NULL) = (scope_portfolios IS NULL)),
  CONSTRAINT stakeholder_scopes_name_something CHECK (cardinality(scope_projects) + cardinality(scope_portfolios) > 0),
  CONSTRAINT stakeholder_scopes_have_no_gaps
    CHECK (array_position(scope_projects, NULL) IS NULL AND array_position(scope_portfolios, NULL) IS NULL)
);
COMMENT ON TABLE stakeholder IS 'Mirror of the configuration. Somebody who left it is kept, marked retired.';
COMMENT ON COLUMN stakeholder.scope_projects IS 'Null in both scope columns: may be told of everything.';

CREATE TABLE subscription (
  id text PRIMARY KEY CHECK (id ~ '^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$'),
  project_id text CHECK (project_id <> ''),
  portfolio_id text CHECK (portfolio_id <> ''),
  schedule text CHECK (btrim(schedule) <> ''),
  time_zone text NOT NULL CHECK (time_zone <> ''),
  locale text NOT NULL CHECK (locale <> ''),
  condition text NOT NULL CHECK (condition IN ('always', 'changed', 'threshold')),
  heartbeat_slots integer CHECK (heartbeat_slots BETWEEN 1 AND 1000),
  retired_at timestamptz,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  CONSTRAINT subscription_of_one_scope CHECK (num_nonnulls(project_id, portfolio_id) = 1),
  CONSTRAINT subscription_heartbeat_of_condition CHECK (heartbeat_slots IS NULL OR condition <> 'always')
);
CREATE INDEX subscription_by_project ON subscription (project_id) WHERE retired_at IS NULL;
COMMENT ON TABLE subscription IS 'Mirror of the configuration. One that left it is kept, marked retired: its digests stay explicable.';

CREATE TABLE subscription_target (
  subscription_id text NOT NULL REFERENCES subscription (id),
  position integer NOT NULL CHECK (position >= 0),
  channel text NOT NULL CHECK (channel IN ('email', 'slack')),
  stakeholder_id text REFERENCES stakeholder (id),
  address text,
  name text NOT NULL CHECK (btrim(name) <> ''),
  PRIMARY KEY (subscription_id, position),
  CONSTRAINT subscription_target_is_one CHECK (num_nonnulls(stakeholder_id, address) = 1),
  CONSTRAINT subscription_target_address_of_channel CHECK (
    CASE channel
      WHEN 'email' THEN address ~ '^[^[:space:]<>@,;"]+@[^[:space:]<>@,;"]+$'
      ELSE address ~ '^[CDGUW][A-Z0-9]{2,20}$'
    END
  )
);
CREATE INDEX subscription_target_by_stakeholder ON subscription_target (stakeholder_id) WHERE stakeholder_id IS NOT NULL;
COMMENT ON TABLE subscription_target IS 'Who gets it, in the order of the configuration: a stakeholder, or an address that stands for itself.';
COMMENT ON COLUMN subscription_target.address IS 'Of a target that is no stakeholder; the address of a stakeholder stands there alone.';

CREATE TABLE subscription_threshold (
  subscription_id text NOT NULL REFERENCES subscription (id),
  figure text NOT NULL
    CHECK (figure IN ('roiPoints', 'realisedRoiPoints', 'npv', 'benefit', 'cost', 'paybackDays', 'coveragePoints')),
  least numeric NOT NULL CHECK (least > 0 AND least NOT IN ('NaN', 'Infinity')),
  PRIMARY KEY (subscription_id, figure)
);
COMMENT ON TABLE subscription_threshold IS 'By how much a figure must have moved since the digest sent last; one of them is enough.';

CREATE FUNCTION check_subscription() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed text := CASE TG_TABLE_NAME WHEN 'subscription' THEN to_jsonb(coalesce(NEW, OLD))->>'id'
    ELSE to_jsonb(coalesce(NEW, OLD))->>'subscription_id' END;
  is_threshold boolean;
BEGIN
  SELECT condition = 'threshold' INTO is_threshold FROM subscription WHERE id = changed;
  IF NOT FOUND THEN RETURN NULL; END IF;
  IF is_threshold <> EXISTS (SELECT FROM subscription_threshold WHERE subscription_id = changed) THEN
    RAISE EXCEPTION 'subscription %: thresholds belong to the condition threshold, and that one needs them', changed
      USING ERRCODE = 'check_violation', CONSTRAINT = 'subscription_thresholds_of_condition';
  END IF;
  IF NOT EXISTS (SELECT FROM subscription_target WHERE subscription_id = changed) THEN
    RAISE EXCEPTION 'subscription %: it has no target', changed
      USING ERRCODE = 'check_violation', CONSTRAINT = 'subscription_has_targets';
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION check_subscription() IS 'What holds between the rows of a subscription, checked when the transaction commits.';
CREATE CONSTRAINT TRIGGER subscription_is_whole AFTER INSERT OR UPDATE ON subscription
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_subscription();
CREATE CONSTRAINT TRIGGER subscription_is_whole AFTER INSERT OR UPDATE OR DELETE ON subscription_target
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_subscription();
CREATE CONSTRAINT TRIGGER subscription_is_whole AFTER INSERT OR UPDATE OR DELETE ON subscription_threshold
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_subscription();

CREATE TABLE digest_left_out (
  subscription text NOT NULL CHECK (subscription <> ''),
  slot text NOT NULL CHECK (slot <> ''),
  since_digest_id text NOT NULL REFERENCES digest (id),
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (subscription, slot)
);
CREATE INDEX digest_left_out_by_digest ON digest_left_out (since_digest_id);
COMMENT ON TABLE digest_left_out IS 'Slots without a digest, because nothing moved enough since the one named: what a heartbeat counts.';

-- Null: sent by an earlier release, or to an address that is nobody''s.
ALTER TABLE delivery
  ADD COLUMN stakeholder_id text REFERENCES stakeholder (id),
  ADD COLUMN currency text CHECK (currency ~ '^[A-Z]{3}$');
CREATE INDEX delivery_by_stakeholder ON delivery (stakeholder_id, seq DESC) WHERE stakeholder_id IS NOT NULL;
COMMENT ON COLUMN delivery.currency IS 'The recipient''s own, in which headline figures of another one are shown too.';
