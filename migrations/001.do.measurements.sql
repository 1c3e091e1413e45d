-- Series and their samples: append-only, partitioned by month of the sample's time, keyed by series first.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation', HINT = 'Record a new revision instead.';
END $$;
COMMENT ON FUNCTION refuse_change() IS 'Trigger of append-only tables.';

CREATE TABLE series (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  connector text NOT NULL CHECK (connector <> ''),
  stream text NOT NULL CHECK (stream <> ''),
  unit text NOT NULL,
  labels jsonb NOT NULL CHECK (jsonb_typeof(labels) = 'object'),
  -- Labels may be longer than an index entry; jsonb text is canonical, so equal labels have equal hashes.
  labels_hash text NOT NULL GENERATED ALWAYS AS (md5(labels::text)) STORED,
  created_at timestamptz NOT NULL,
  UNIQUE (connector, stream, unit, labels_hash)
);
COMMENT ON TABLE series IS 'What makes a series the same series: connector, stream, labels and unit; a change of any part begins another one.';

CREATE TABLE measurement (
  series_id bigint NOT NULL,
  at timestamptz NOT NULL,
  revision integer NOT NULL CHECK (revision >= 1),
  duration_ms bigint NOT NULL CHECK (duration_ms >= 0),
  value double precision CHECK (value > '-Infinity' AND value < 'Infinity'),
  numerator double precision CHECK (numerator > '-Infinity' AND numerator < 'Infinity'),
  denominator double precision CHECK (denominator > '-Infinity' AND denominator < 'Infinity'),
  status text NOT NULL CHECK (status IN ('provisional', 'final', 'estimated', 'missing')),
  pull_id text NOT NULL,
  page_hash text NOT NULL,
  observed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  finalised_at timestamptz,
  finalised_by_pull_id text,
  CHECK (value IS NOT NULL OR status = 'missing'),
  CHECK (finalised_at IS NULL OR status = 'provisional'),
  CHECK ((finalised_at IS NULL) = (finalised_by_pull_id IS NULL)),
  PRIMARY KEY (series_id, at, revision)
) PARTITION BY RANGE (at);
COMMENT ON TABLE measurement IS 'Samples with all their revisions. A corrected value is one more revision; nothing is overwritten.';
COMMENT ON COLUMN measurement.at IS 'Start of the interval that the sample covers, or the instant of an instantaneous one (duration_ms 0).';
COMMENT ON COLUMN measurement.status IS 'As first seen; a provisional sample seen again as final with the same value gets finalised_at, so that its revision stays 1.';
COMMENT ON COLUMN measurement.finalised_at IS 'From when on a provisional sample was known to be final; null: not yet.';
COMMENT ON COLUMN measurement.page_hash IS 'SHA-256 of the archived page that the value was read from.';

CREATE FUNCTION guard_measurement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.status = 'provisional' AND OLD.finalised_at IS NULL AND NEW.finalised_at IS NOT NULL
     AND (NEW.series_id, NEW.at, NEW.revision, NEW.duration_ms, NEW.status, NEW.pull_id, NEW.page_hash, NEW.observed_at, NEW.recorded_at)
         = (OLD.series_id, OLD.at, OLD.revision, OLD.duration_ms, OLD.status, OLD.pull_id, OLD.page_hash, OLD.observed_at, OLD.recorded_at)
     AND (NEW.value, NEW.numerator, NEW.denominator) IS NOT DISTINCT FROM (OLD.value, OLD.numerator, OLD.denominator) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'measurement is append-only: % refused', TG_OP
    USING ERRCODE = 'restrict_violation', HINT = 'Record a new revision instead.';
END $$;
COMMENT ON FUNCTION guard_measurement() IS 'Allows one change of a sample: from provisional to known as final.';
CREATE TRIGGER measurement_is_append_only BEFORE UPDATE OR DELETE ON measurement
  FOR EACH ROW EXECUTE FUNCTION guard_measurement();
CREATE TRIGGER measurement_is_not_truncated BEFORE TRUNCATE ON measurement
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION ensure_measurement_partitions(months date[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  month date;
  partition_name text;
  made integer := 0;
BEGIN
  -- Two pulls that reach a new month at once: the second waits and finds it there.
  PERFORM pg_advisory_xact_lock(hashtextextended('outturn measurement partitions', 0));
  FOR month IN SELECT DISTINCT date_trunc('month', m)::date FROM unnest(months) AS m ORDER BY 1 LOOP
    partition_name := 'measurement_' || to_char(month, 'YYYY_MM');
    IF to_regclass(partition_name) IS NULL THEN
      -- Attached, not created in place: that takes a lock which lets reading and ingesting go on.
      EXECUTE format('CREATE TABLE %I (LIKE measurement INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)', partition_name);
      EXECUTE format(
        'ALTER TABLE measurement ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
        partition_name,
        to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
        to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00'
      );
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION ensure_measurement_partitions(date[]) IS 'Makes the partitions of those months (UTC) that are not there; returns how many it made. Run it before, not within, the ingest''s transaction.';
