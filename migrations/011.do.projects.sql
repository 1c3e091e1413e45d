-- Projects with their history: every definition that was ever in force, frozen plans, and typed rows of the one in force now.

CREATE TABLE project_version (
  project_id text NOT NULL CHECK (project_id <> ''),
  version integer NOT NULL CHECK (version >= 1),
  -- json, not jsonb: the text is kept as it is, so that the hash can be checked against it.
  definition json NOT NULL,
  definition_hash text NOT NULL
    CONSTRAINT project_version_hash_of_definition CHECK (definition_hash = encode(sha256(convert_to(definition::text, 'UTF8')), 'hex')),
  managed text NOT NULL CHECK (managed IN ('config', 'api')),
  is_retired boolean NOT NULL,
  intervals json NOT NULL CHECK (json_typeof(intervals) = 'array'),
  written json,
  recorded_at timestamptz NOT NULL,
  recorded_by text NOT NULL CHECK (recorded_by <> ''),
  reason text,
  PRIMARY KEY (project_id, version)
);
CREATE INDEX project_version_by_time ON project_version (project_id, recorded_at DESC);
CREATE TRIGGER project_version_is_append_only BEFORE UPDATE OR DELETE ON project_version
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER project_version_is_not_truncated BEFORE TRUNCATE ON project_version
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE project_version IS 'The truth about projects: each definition that was in force, from recorded_at to the next version. Append-only.';
COMMENT ON COLUMN project_version.intervals IS 'Distance between two samples of each stream that the project reads, as its connector declared it then.';
COMMENT ON COLUMN project_version.written IS 'As it was sent to the API, to be read, changed and sent again; null where the configuration has it.';
COMMENT ON COLUMN project_version.recorded_by IS 'config, api:<name of the token> or cli (<user>).';

-- What an earlier release stored. Which definitions were in force before the last change nobody kept: history begins with it.
INSERT INTO project_version (project_id, version, definition, definition_hash, managed, is_retired, intervals,
  recorded_at, recorded_by, reason)
SELECT id, 1, definition, encode(sha256(convert_to(definition::text, 'UTF8')), 'hex'), 'config', false, '[]',
  updated_at, 'config', 'as it stood when its history began'
FROM project;
INSERT INTO project_version (project_id, version, definition, definition_hash, managed, is_retired, intervals,
  recorded_at, recorded_by, reason)
SELECT id, 2, definition, encode(sha256(convert_to(definition::text, 'UTF8')), 'hex'), 'config', true, '[]',
  greatest(retired_at, updated_at), 'config', 'it had left the configuration when its history began'
FROM project WHERE retired_at IS NOT NULL;

CREATE TABLE plan_version (
  project_id text NOT NULL,
  id text NOT NULL CHECK (id <> ''),
  frozen_on date NOT NULL,
  approved_by text,
  content json NOT NULL,
  written json,
  recorded_at timestamptz NOT NULL,
  recorded_by text NOT NULL CHECK (recorded_by <> ''),
  PRIMARY KEY (project_id, id)
);
CREATE TRIGGER plan_version_is_frozen BEFORE UPDATE OR DELETE ON plan_version
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER plan_version_is_not_truncated BEFORE TRUNCATE ON plan_version
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE plan_version IS 'Plans as they were frozen. What is stored once never changes.';
COMMENT ON COLUMN plan_version.content IS 'With everything that was taken from the metrics when it was frozen.';
COMMENT ON COLUMN plan_version.written IS 'As a person wrote it, without what was taken from the metrics; null where that was not handed over.';

CREATE TABLE planned_cost (
  project_id text NOT NULL,
  plan_id text NOT NULL,
  position integer NOT NULL,
  date date NOT NULL,
  amount numeric NOT NULL CHECK (amount NOT IN ('NaN', 'Infinity', '-Infinity')),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  capitalisation text NOT NULL CHECK (capitalisation IN ('capex', 'opex')),
  recurrence text NOT NULL CHECK (recurrence IN ('one-off', 'run')),
  PRIMARY KEY (project_id, plan_id, position),
  FOREIGN KEY (project_id, plan_id) REFERENCES plan_version (project_id, id)
);
COMMENT ON TABLE planned_cost IS 'Typed mirror of the costs of frozen plans, for the database to check.';

CREATE TABLE planned_benefit (
  project_id text NOT NULL,
  plan_id text NOT NULL,
  metric_id text NOT NULL CHECK (metric_id <> ''),
  amount numeric NOT NULL CHECK (amount NOT IN ('NaN', 'Infinity', '-Infinity')),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  per_period text CHECK (per_period IN ('year', 'month')),
  exposure numeric CHECK (exposure >= 0),
  attribution numeric NOT NULL CHECK (attribution BETWEEN 0 AND 1),
  deadweight numeric NOT NULL CHECK (deadweight BETWEEN 0 AND 1),
  displacement numeric NOT NULL CHECK (displacement BETWEEN 0 AND 1),
  confidence numeric NOT NULL CHECK (confidence BETWEEN 0 AND 1),
  drop_off numeric NOT NULL CHECK (drop_off BETWEEN 0 AND 1),
  starts_on date NOT NULL,
  ends_on date CHECK (ends_on > starts_on),
  PRIMARY KEY (project_id, plan_id, metric_id),
  FOREIGN KEY (project_id, plan_id) REFERENCES plan_version (project_id, id)
);
COMMENT ON TABLE planned_benefit IS 'Typed mirror of the benefits of frozen plans, for the database to check.';

CREATE FUNCTION mirror_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO planned_cost
  SELECT NEW.project_id, NEW.id, (c.ordinality - 1)::integer, (c.value->>'date')::date, (c.value->>'amount')::numeric,
    c.value->>'currency', c.value->>'capitalisation', c.value->>'recurrence'
  FROM json_array_elements(NEW.content->'costs') WITH ORDINALITY AS c;
  INSERT INTO planned_benefit
  SELECT NEW.project_id, NEW.id, b.value->>'metricId', (b.value#>>'{rate,amount}')::numeric, b.value#>>'{rate,currency}',
    b.value#>>'{rate,perPeriod}', (b.value->>'exposure')::numeric, (b.value->>'attribution')::numeric,
    (b.value->>'deadweight')::numeric, (b.value->>'displacement')::numeric, (b.value->>'confidence')::numeric,
    (b.value->>'dropOff')::numeric, (b.value->>'startsOn')::date, (b.value->>'endsOn')::date
  FROM json_array_elements(NEW.content->'benefits') AS b;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION mirror_plan() IS 'Writes the typed rows of a frozen plan, whose constraints refuse what no plan can be.';
CREATE TRIGGER plan_version_mirrored AFTER INSERT ON plan_version FOR EACH ROW EXECUTE FUNCTION mirror_plan();

-- The definition in force, in typed columns. Null: written by an earlier release and not changed since.
ALTER TABLE project
  ADD COLUMN version integer,
  ADD COLUMN managed text CHECK (managed IN ('config', 'api')),
  ADD COLUMN horizon_ends_on date,
  ADD COLUMN convention text CHECK (convention IN ('dated', 'tei', 'excel', 'green-book', 'servicenow')),
  ADD COLUMN timing text CHECK (timing IN ('start', 'mid', 'end')),
  ADD COLUMN price_basis text CHECK (price_basis IN ('nominal', 'real')),
  ADD COLUMN base_year integer CHECK (base_year BETWEEN 1900 AND 2200),
  ADD COLUMN fiscal_calendar text CHECK (fiscal_calendar IN ('months', 'weeks', 'table')),
  ADD COLUMN cost_risk numeric CHECK (cost_risk >= 0 AND cost_risk <> 'NaN'),
  ADD COLUMN simulation_seed bigint,
  ADD COLUMN simulation_draws integer CHECK (simulation_draws BETWEEN 1 AND 1000000),
  ADD CONSTRAINT project_horizon_after_start CHECK (horizon_ends_on > starts_on),
  ADD CONSTRAINT project_base_year_of_real_prices CHECK ((price_basis = 'real') = (base_year IS NOT NULL));
COMMENT ON TABLE project IS 'Typed mirror of the newest version of each project. A project that was retired is kept: its snapshots stay explicable.';

ALTER TABLE value_metric DROP CONSTRAINT value_metric_kind_check;
ALTER TABLE value_metric
  ADD CONSTRAINT value_metric_kind_check CHECK (kind IN ('flow', 'stock', 'ratio', 'percentile')),
  ADD COLUMN benefit_class text
    CHECK (benefit_class IN ('cash-releasing', 'non-cash-releasing', 'quantitative', 'qualitative')),
  ADD COLUMN direction text CHECK (direction IN ('up', 'down')),
  ADD COLUMN cadence text CHECK (cadence IN ('day', 'week', 'month', 'quarter', 'year')),
  ADD COLUMN freshness_limit_ms bigint CHECK (freshness_limit_ms > 0),
  ADD COLUMN baseline text CHECK (baseline IN ('value', 'window')),
  ADD COLUMN baseline_from date,
  ADD COLUMN baseline_to date,
  ADD COLUMN counterfactual text CHECK (counterfactual IN ('constant', 'trend', 'control')),
  ADD COLUMN exposure numeric CHECK (exposure >= 0),
  ADD COLUMN stock_valuation text CHECK (stock_valuation IN ('holding', 'release')),
  ADD COLUMN attribution numeric CHECK (attribution BETWEEN 0 AND 1),
  ADD COLUMN deadweight numeric CHECK (deadweight BETWEEN 0 AND 1),
  ADD COLUMN displacement numeric CHECK (displacement BETWEEN 0 AND 1),
  ADD COLUMN confidence numeric CHECK (confidence BETWEEN 0 AND 1),
  ADD COLUMN drop_off numeric CHECK (drop_off BETWEEN 0 AND 1),
  ADD COLUMN starts_on date,
  ADD COLUMN ends_on date,
  ADD COLUMN has_started boolean,
  ADD COLUMN start_deliverable text,
  ADD COLUMN claim_key text CHECK (claim_key <> ''),
  ADD CONSTRAINT value_metric_baseline_in_order CHECK (baseline_to > baseline_from),
  ADD CONSTRAINT value_metric_baseline_of_window CHECK ((baseline = 'window') = (baseline_from IS NOT NULL)),
  ADD CONSTRAINT value_metric_ends_after_start CHECK (ends_on > starts_on),
  ADD CONSTRAINT value_metric_deadweight_of_constant CHECK (counterfactual = 'constant' OR deadweight = 0),
  ADD CONSTRAINT value_metric_valuation_of_stock
    CHECK (direction IS NULL OR (kind = 'stock') = (stock_valuation IS NOT NULL));
CREATE INDEX value_metric_by_claim ON value_metric (claim_key) WHERE claim_key IS NOT NULL AND retired_at IS NULL;

CREATE TABLE deliverable (
  project_id text NOT NULL REFERENCES project (id),
  id text NOT NULL CHECK (id <> ''),
  name text NOT NULL,
  planned_on date NOT NULL,
  forecast_on date,
  actual_on date,
  PRIMARY KEY (project_id, id)
);
COMMENT ON TABLE deliverable IS 'What a project in force delivers, and when.';

CREATE TABLE deliverable_metric (
  project_id text NOT NULL,
  deliverable_id text NOT NULL,
  metric_id text NOT NULL,
  PRIMARY KEY (project_id, deliverable_id, metric_id),
  FOREIGN KEY (project_id, deliverable_id) REFERENCES deliverable (project_id, id),
  FOREIGN KEY (project_id, metric_id) REFERENCES value_metric (project_id, id)
);
COMMENT ON TABLE deliverable_metric IS 'Which metrics a deliverable is meant to move.';

ALTER TABLE value_metric
  ADD CONSTRAINT value_metric_starts_with_deliverable
    FOREIGN KEY (project_id, start_deliverable) REFERENCES deliverable (project_id, id);

CREATE TABLE discount_step (
  project_id text NOT NULL REFERENCES project (id),
  from_year integer NOT NULL CHECK (from_year >= 0),
  rate numeric NOT NULL CHECK (rate > -1 AND rate <= 10),
  PRIMARY KEY (project_id, from_year)
);
COMMENT ON TABLE discount_step IS 'Annual rates by year of the project; the primary key lets one rate hold at a time.';

CREATE TABLE metric_rate (
  project_id text NOT NULL,
  metric_id text NOT NULL,
  valid_from date NOT NULL,
  valid_to date,
  amount numeric NOT NULL CHECK (amount NOT IN ('NaN', 'Infinity', '-Infinity')),
  currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  per text NOT NULL CHECK (per <> ''),
  per_period text CHECK (per_period IN ('year', 'month')),
  CONSTRAINT metric_rate_in_order CHECK (valid_to > valid_from),
  PRIMARY KEY (project_id, metric_id, valid_from),
  FOREIGN KEY (project_id, metric_id) REFERENCES value_metric (project_id, id)
);
COMMENT ON TABLE metric_rate IS 'What one unit is worth, by date; of one metric no two rates hold on the same day.';

-- An exclusion constraint over text and range would need an extension that a plain role may not create.
CREATE FUNCTION refuse_overlapping_rate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  other record;
BEGIN
  SELECT valid_from, valid_to INTO other FROM metric_rate
  WHERE project_id = NEW.project_id AND metric_id = NEW.metric_id AND valid_from <> NEW.valid_from
    AND daterange(valid_from, valid_to) && daterange(NEW.valid_from, NEW.valid_to) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'rates of metric % of project % overlap: from % and from %',
      NEW.metric_id, NEW.project_id, other.valid_from, NEW.valid_from
      USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'metric_rate_no_overlap';
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION refuse_overlapping_rate() IS 'Of one metric no two rates hold on the same day.';
CREATE TRIGGER metric_rate_no_overlap AFTER INSERT OR UPDATE ON metric_rate
  FOR EACH ROW EXECUTE FUNCTION refuse_overlapping_rate();

-- Within the transaction of the version: what cannot be written here is no version.
CREATE FUNCTION mirror_project() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  d json := NEW.definition;
  retired timestamptz := CASE WHEN NEW.is_retired THEN NEW.recorded_at END;
  changed text;
BEGIN
  IF d->>'id' IS DISTINCT FROM NEW.project_id OR d->>'managed' IS DISTINCT FROM NEW.managed THEN
    RAISE EXCEPTION 'version % of project % is not its own definition', NEW.version, NEW.project_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'project_version_of_project';
  END IF;
  INSERT INTO project AS p (id, name, portfolio, currency, time_zone, starts_on, definition, retired_at, created_at,
    updated_at, version, managed, horizon_ends_on, convention, timing, price_basis, base_year, fiscal_calendar, cost_risk,
    simulation_seed, simulation_draws)
  VALUES (NEW.project_id, d->>'name', d->>'portfolio', d->>'currency', d->>'timeZone', (d->>'startsOn')::date, d, retired,
    NEW.recorded_at, NEW.recorded_at, NEW.version, NEW.managed, (d->>'horizonEndsOn')::date, d->>'convention', d->>'timing',
    d#>>'{priceBasis,kind}', (d#>>'{priceBasis,baseYear}')::integer, d#>>'{fiscalCalendar,kind}', (d->>'costRisk')::numeric,
    (d#>>'{simulation,seed}')::bigint, (d#>>'{simulation,draws}')::integer)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, portfolio = excluded.portfolio, currency = excluded.currency,
    time_zone = excluded.time_zone, starts_on = excluded.starts_on, definition = excluded.definition,
    retired_at = excluded.retired_at, updated_at = excluded.updated_at, version = excluded.version,
    managed = excluded.managed, horizon_ends_on = excluded.horizon_ends_on, convention = excluded.convention,
    timing = excluded.timing, price_basis = excluded.price_basis, base_year = excluded.base_year,
    fiscal_calendar = excluded.fiscal_calendar, cost_risk = excluded.cost_risk,
    simulation_seed = excluded.simulation_seed, simulation_draws = excluded.simulation_draws
  WHERE p.version IS NULL OR p.version < excluded.version;

  DELETE FROM deliverable_metric WHERE project_id = NEW.project_id;
  DELETE FROM metric_rate WHERE project_id = NEW.project_id;
  DELETE FROM discount_step WHERE project_id = NEW.project_id;
  UPDATE value_metric SET start_deliverable = NULL WHERE project_id = NEW.project_id AND start_deliverable IS NOT NULL;
  DELETE FROM deliverable WHERE project_id = NEW.project_id;

  INSERT INTO deliverable (project_id, id, name, planned_on, forecast_on, actual_on)
  SELECT NEW.project_id, e->>'id', e->>'name', (e->>'plannedOn')::date, (e->>'forecastOn')::date, (e->>'actualOn')::date
  FROM json_array_elements(coalesce(d->'deliverables', '[]')) AS e;
  INSERT INTO discount_step (project_id, from_year, rate)
  SELECT NEW.project_id, (e->>'fromYear')::integer, (e->>'rate')::numeric
  FROM json_array_elements(coalesce(d->'discount', '[]')) AS e;
  INSERT INTO value_metric (project_id, id, name, kind, unit, connector, stream, definition, retired_at, created_at,
    updated_at, benefit_class, direction, cadence, freshness_limit_ms, baseline, baseline_from, baseline_to, counterfactual,
    exposure, stock_valuation, attribution, deadweight, displacement, confidence, drop_off, starts_on, ends_on,
    has_started, start_deliverable, claim_key)
  SELECT NEW.project_id, m->>'id', m->>'name', m->>'kind', m->>'unit', m#>>'{source,connector}', m#>>'{source,stream}', m,
    retired, NEW.recorded_at, NEW.recorded_at, m->>'benefitClass', m->>'direction', m->>'cadence',
    (m->>'freshnessLimitMs')::numeric::bigint, m#>>'{baseline,kind}', (m#>>'{baseline,from}')::date,
    (m#>>'{baseline,to}')::date, m#>>'{counterfactual,kind}', (m#>>'{exposure,value}')::numeric, m->>'stockValuation',
    (m->>'attribution')::numeric, (m->>'deadweight')::numeric, (m->>'displacement')::numeric,
    (m->>'confidence')::numeric, (m->>'dropOff')::numeric, (m->>'startsOn')::date, (m->>'endsOn')::date,
    (m->>'hasStarted')::boolean, m#>>'{startRule,deliverable}', m->>'claimKey'
  FROM json_array_elements(d->'metrics') AS m
  ON CONFLICT (project_id, id) DO UPDATE SET name = excluded.name, kind = excluded.kind, unit = excluded.unit,
    connector = excluded.connector, stream = excluded.stream, definition = excluded.definition,
    retired_at = excluded.retired_at, updated_at = excluded.updated_at, benefit_class = excluded.benefit_class,
    direction = excluded.direction, cadence = excluded.cadence, freshness_limit_ms = excluded.freshness_limit_ms,
    baseline = excluded.baseline, baseline_from = excluded.baseline_from, baseline_to = excluded.baseline_to,
    counterfactual = excluded.counterfactual, exposure = excluded.exposure, stock_valuation = excluded.stock_valuation,
    attribution = excluded.attribution, deadweight = excluded.deadweight, displacement = excluded.displacement,
    confidence = excluded.confidence, drop_off = excluded.drop_off, starts_on = excluded.starts_on,
    ends_on = excluded.ends_on, has_started = excluded.has_started, start_deliverable = excluded.start_deliverable,
    claim_key = excluded.claim_key;
  UPDATE value_metric SET retired_at = NEW.recorded_at
  WHERE project_id = NEW.project_id AND retired_at IS NULL
    AND NOT id IN (SELECT m->>'id' FROM json_array_elements(d->'metrics') AS m);
  INSERT INTO deliverable_metric (project_id, deliverable_id, metric_id)
  SELECT NEW.project_id, e->>'id', m FROM json_array_elements(coalesce(d->'deliverables', '[]')) AS e,
    json_array_elements_text(e->'metrics') AS m;
  INSERT INTO metric_rate (project_id, metric_id, valid_from, valid_to, amount, currency, per, per_period)
  SELECT NEW.project_id, m->>'id', (r->>'from')::date, (r->>'to')::date, (r->>'amount')::numeric, r->>'currency', r->>'per',
    r->>'perPeriod'
  FROM json_array_elements(d->'metrics') AS m, json_array_elements(m->'rates') AS r;

  SELECT coalesce(e.value->>'id', v.id) INTO changed
  FROM (SELECT id, content FROM plan_version WHERE project_id = NEW.project_id) AS v
  FULL JOIN json_array_elements(coalesce(d->'plans', '[]')) AS e ON e.value->>'id' = v.id
  WHERE NOT NEW.is_retired AND e.value::jsonb IS DISTINCT FROM v.content::jsonb LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'plan % of project % is frozen, and the definition says something else', changed, NEW.project_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_version_frozen';
  END IF;
  RETURN NULL;
END $$;
COMMENT ON FUNCTION mirror_project() IS 'Writes the typed rows of a new version of a project, whose constraints refuse what no project can be.';
CREATE TRIGGER project_version_mirrored AFTER INSERT ON project_version
  FOR EACH ROW EXECUTE FUNCTION mirror_project();
