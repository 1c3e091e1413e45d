import { asOutturnError, type ConnectorContext, type Finding, mapRows, nearest, type StreamContext } from '#kit';
import { readAnswer } from './answer.ts';
import { type EntitySet, fetchMetadata, type ServiceMetadata } from './metadata.ts';
import type { Cursor, ODataOptions, ODataStream } from './options.ts';
import { ask } from './pull.ts';
import { firstQuery, selectedFields } from './query.ts';

const ASPECTS: Readonly<Record<string, string>> = {
  'source/unreachable': 'connectivity',
  'source/timeout': 'connectivity',
  'source/blocked-address': 'connectivity',
  'source/server-error': 'connectivity',
  'source/rate-limited': 'connectivity',
  'source/tls': 'tls',
  'source/unauthorised': 'credentials',
  'source/forbidden': 'permission',
};

/** The failure as a line of `outturn check`; a cancelled check stays an error. */
function failed(thrown: unknown, aspect: string, stream?: string): Finding {
  const error = asOutturnError(thrown);
  if (error.code === 'internal' || error.code.startsWith('queue/')) throw thrown;
  return { level: 'error', aspect: ASPECTS[error.code] ?? aspect, stream, message: error.message, hint: error.hint };
}

/** Whether the service is there, lets us in and describes itself in the version that the configuration says. */
export async function checkService(ctx: ConnectorContext<ODataOptions>): Promise<Finding[]> {
  let metadata: ServiceMetadata;
  try {
    metadata = await fetchMetadata(ctx.http, ctx.options);
  } catch (thrown) {
    return [failed(thrown, 'metadata')];
  }
  const findings: Finding[] = [
    { level: 'ok', aspect: 'connectivity', message: `$metadata names ${metadata.entitySets.length} entity sets` },
  ];
  if (metadata.version !== ctx.options.version)
    findings.push({
      level: 'error',
      aspect: 'metadata',
      message: `the service speaks OData ${metadata.version.toUpperCase()}, the configuration says ${ctx.options.version}`,
      hint: `Write version: ${metadata.version}.`,
    });
  return findings;
}

/** Entity set, fields and cursor against the metadata, then one row for real. */
export async function checkStream(ctx: StreamContext<ODataOptions, ODataStream>): Promise<Finding[]> {
  const findings: Finding[] = [];
  const { streamId: stream } = ctx;
  // A path such as companies(…)/entries is no entity set of the service: only the row can tell.
  if (!/[/(]/.test(ctx.stream.entitySet)) {
    try {
      const metadata = await fetchMetadata(ctx.http, ctx.options);
      const problems = compareWithMetadata(metadata, ctx.stream, ctx.options).map((problem) => ({
        ...problem,
        stream,
      }));
      findings.push(...problems);
      if (problems.some((problem) => problem.level === 'error')) return findings;
    } catch (thrown) {
      return [failed(thrown, 'metadata', stream)];
    }
  }
  try {
    const query = { ...firstQuery(ctx.options, ctx.stream, null), $top: '1' };
    const response = await ask(ctx, { url: ctx.stream.entitySet, query });
    const answer = readAnswer(response.body, ctx.options.version);
    const [cells] = answer.rows;
    const total = answer.count === null ? '' : ` of ${answer.count}`;
    if (cells === undefined)
      findings.push({
        level: 'warning',
        aspect: 'sample',
        stream,
        message: `${ctx.stream.entitySet} answers with no row`,
        hint: 'Either there is none yet, or filter or the authorisations leave out all.',
      });
    else {
      const page = mapRows([{ place: 'row 1', cells }], ctx.stream);
      const sample = page.measurements[0] ?? page.costs[0];
      findings.push({
        level: sample === undefined ? 'warning' : 'ok',
        aspect: 'sample',
        stream,
        message:
          sample === undefined
            ? `the first row${total} gives nothing: ${page.warnings.join('; ')}`
            : `row 1${total}: ${JSON.stringify(sample)}`,
      });
    }
  } catch (thrown) {
    findings.push(failed(thrown, 'sample', stream));
  }
  return findings;
}

function suggestion(meant: string | null, all: readonly string[]): string {
  return meant === null ? `It has ${all.slice(0, 30).join(', ') || 'none'}.` : `Did you mean ${meant}?`;
}

function compareWithMetadata(metadata: ServiceMetadata, stream: ODataStream, options: ODataOptions): Finding[] {
  const names = metadata.entitySets.map((set) => set.name);
  const set = metadata.entitySets.find((candidate) => candidate.name === stream.entitySet);
  if (set === undefined)
    return [
      {
        level: 'error',
        aspect: 'metadata',
        message: `the service has no entity set ${stream.entitySet}`,
        hint: suggestion(nearest(stream.entitySet, names), names),
      },
    ];
  const known = set.fields.map((field) => field.name);
  const wanted = [...new Set([...selectedFields(stream), ...(stream.keys ?? [])])];
  const findings: Finding[] = wanted
    .filter((name) => !name.includes('/') && !known.includes(name))
    .map((name) => ({
      level: 'error',
      aspect: 'metadata',
      message: `${stream.entitySet} has no field ${name}`,
      hint: suggestion(nearest(name, known), known),
    }));
  if (stream.cursor !== undefined) findings.push(...cursorFinding(set, stream.cursor, options));
  return findings;
}

function cursorFinding(set: EntitySet, cursor: Cursor, { version }: ODataOptions): Finding[] {
  const type = set.fields.find((field) => field.name === cursor.field)?.type;
  const expected = {
    date: version === 'v4' ? 'Edm.Date' : 'Edm.DateTime',
    datetime: 'Edm.DateTime',
    datetimeoffset: 'Edm.DateTimeOffset',
    yyyymmdd: 'Edm.String',
  }[cursor.type];
  if (type === undefined || type === expected) return [];
  const fitting = {
    'Edm.Date': 'date',
    'Edm.DateTime': 'date or datetime',
    'Edm.DateTimeOffset': 'datetimeoffset',
    'Edm.String': 'yyyymmdd',
  };
  const hint = Object.entries(fitting).find(([edm]) => edm === type)?.[1];
  return [
    {
      level: 'error',
      aspect: 'metadata',
      message: `cursor ${cursor.field} is ${type}, which type: ${cursor.type} does not fit`,
      hint: hint === undefined ? 'Take a date field as cursor, or leave the cursor out.' : `Write type: ${hint}.`,
    },
  ];
}
