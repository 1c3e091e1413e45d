import { describe, expect, it } from 'vitest';
import { sql } from './index.ts';
import { compileQuery, parametersOf, problemOf } from './query.ts';

const window = { fromMs: Date.parse('2026-06-01T00:00:00Z'), toMs: Date.parse('2026-06-02T00:00:00Z') };
const known = ['from', 'to', 'name'];

describe('a query with named parameters', () => {
  it('gets numbers for names, each once, and its bounds as timestamptz', () => {
    expect(
      compileQuery('SELECT 1 WHERE a >= :from AND a < :to AND b = :from::date AND c = :name;\n', { name: 7 }, window),
    ).toEqual({
      text: 'SELECT 1 WHERE a >= ($1::timestamptz) AND a < ($2::timestamptz) AND b = ($1::timestamptz)::date AND c = $3',
      parameters: ['2026-06-01T00:00:00.000Z', '2026-06-02T00:00:00.000Z', '7'],
    });
  });

  it.each([
    "SELECT ':from; $1'",
    "SELECT 'it''s :from;'",
    String.raw`SELECT E'\':from;'`,
    'SELECT 1 AS ":from; $1"',
    'SELECT $$ :from; $1 $$',
    'SELECT $tag$ :from; $$ $1 $tag$',
    'SELECT 1 -- :from; $1',
    'SELECT /* :from /* ; */ $1 */ 1',
    "SELECT '2026-01-01'::date",
    'SELECT a[1 : 2] FROM t',
  ])('nothing is seen in what only the server reads: %s', (text) => {
    expect(problemOf(text, known)).toBeNull();
    expect(parametersOf(text)).toEqual([]);
    expect(compileQuery(text, {}, window)).toEqual({ text, parameters: [] });
  });

  it.each([
    ['SELECT 1; SELECT 2', 'one statement'],
    ["SELECT 'a'; DROP TABLE x; --'", 'one statement'],
    ['DELETE FROM x', 'SELECT'],
    ['-- SELECT\nUPDATE x SET a = 1', 'SELECT'],
    ['', 'SELECT'],
    ['SELECT $1', ':from'],
    ['SELECT :nam', ':nam'],
    ['WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x', 'DELETE below WITH'],
    ['with x as not materialized ( /* a */ insert INTO t VALUES (1) RETURNING a) TABLE x', 'INSERT below WITH'],
    ['WITH x AS (WITH y AS (SELECT 1) UPDATE t SET a = 1 RETURNING *) SELECT * FROM x', 'UPDATE after WITH'],
    ['WITH x AS (SELECT 1) DELETE FROM t', 'DELETE after WITH'],
    ['WITH x AS (SELECT 1) MERGE INTO t USING x ON true WHEN MATCHED THEN DELETE', 'MERGE after WITH'],
    ['SELECT a INTO copy FROM t', 'INTO, which makes a table'],
    ['SELECT a FROM t FOR UPDATE', 'FOR UPDATE, which locks rows'],
    ['SELECT a FROM (SELECT a FROM t FOR NO KEY UPDATE SKIP LOCKED) x', 'FOR NO KEY UPDATE'],
    ['SELECT a FROM t FOR KEY SHARE OF t', 'FOR KEY SHARE'],
    ['SELECT a FROM t FOR SHARE', 'FOR SHARE'],
  ])('%s is refused', (text, says) => {
    expect(problemOf(text, known)).toContain(says);
  });

  it.each([
    'select 1',
    '(SELECT 1) UNION (SELECT 2);',
    'WITH x AS (SELECT 1) TABLE x',
    'VALUES (1)',
    '/* a */ SELECT 1 ; ',
    "SELECT 'DELETE FROM t', delete FROM audit -- INTO x FOR UPDATE",
    'SELECT "into", a."for update", t.into, 1 AS into FROM t',
    'WITH x AS (SELECT $$ ) DELETE FROM t $$) SELECT count(*) delete FROM x',
    'SELECT substring(name FROM 1 FOR share), overlay(a PLACING b FROM 1 FOR update) FROM t',
    'SELECT * FROM json_to_record(:name) AS (update int, set text), t AS x (a)',
    'SELECT delete, update FROM (SELECT 1 AS delete, 2 AS update) AS x',
  ])('%s is accepted', (text) => expect(problemOf(text, known)).toBeNull());
});

describe('where the database is', () => {
  const problems = (options: Record<string, unknown>): string[] =>
    sql.options.safeParse(options).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

  it('is said by fields or by an address, not by both, and no message repeats the password', () => {
    expect(problems({ host: 'h', database: 'd', user: 'u', password: 'p' })).toEqual([]);
    expect(problems({ dsn: 'postgresql://u:p%40ss@h:5433/d?sslmode=require' })).toEqual([]);
    expect(problems({ host: 'h' })).toHaveLength(2);
    expect(problems({ dsn: 'postgresql://u:p@h/d', host: 'h' })).toHaveLength(1);
    const bad = problems({ dsn: 'postgresql://:hunter2@h/?sslmode=prefer&x=hunter2' });
    expect(bad).toHaveLength(4);
    expect(bad.join()).not.toContain('hunter2');
    expect(problems({ dsn: 'mysql://u:hunter2@h/d' }).join()).not.toContain('hunter2');
  });
});
