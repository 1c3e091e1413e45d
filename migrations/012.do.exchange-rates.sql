-- Exchange rates: what publishers quote, and what the configuration says, both with all that was ever known of them.

CREATE TABLE fx_quote (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  connector text NOT NULL,
  stream text NOT NULL,
  base text NOT NULL CHECK (base ~ '^[A-Z]{3}$'),
  quote text NOT NULL CHECK (quote ~ '^[A-Z]{3}$'),
  date date NOT NULL,
  revision integer NOT NULL CHECK (revision >= 1),
  rate numeric NOT NULL CHECK (rate > 0 AND rate < 'Infinity'),
  pull_id text,
  page_hash text,
  observed_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  CHECK (base <> quote),
  UNIQUE (connector, stream, base, quote, date, revision)
);
CREATE INDEX fx_quote_by_date ON fx_quote (quote, date);
CREATE TRIGGER fx_quote_is_append_only BEFORE UPDATE OR DELETE ON fx_quote
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fx_quote_is_not_truncated BEFORE TRUNCATE ON fx_quote
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE fx_quote IS 'Published exchange rates with all their revisions; the newest revision of a pair and date counts.';
COMMENT ON COLUMN fx_quote.rate IS 'Units of quote for one of base, with the digits that were published.';

CREATE TABLE fx_table (
  version integer PRIMARY KEY CHECK (version >= 1),
  -- json, not jsonb: the text is kept as it is, so that equal inputs give equal bytes.
  rates json NOT NULL CHECK (json_typeof(rates) = 'array'),
  applied_by text NOT NULL,
  recorded_at timestamptz NOT NULL
);
CREATE TRIGGER fx_table_is_append_only BEFORE UPDATE OR DELETE ON fx_table
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fx_table_is_not_truncated BEFORE TRUNCATE ON fx_table
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
COMMENT ON TABLE fx_table IS 'The fx section of the configuration, whole, each time that it was applied with a change; the newest version counts.';
