import {
  asOutturnError,
  asRecord,
  type ConnectorContext,
  type Finding,
  nearest,
  rawPage,
  type StreamContext,
  streamFinding,
} from '#kit';
import { parseResults } from './answer.ts';
import { allows, resultsOf, whoAmI } from './api.ts';
import type { IcingaOptions, IcingaStream } from './options.ts';
import { readPerfdata } from './perfdata.ts';
import { findNames, readBatch } from './pull.ts';

/** Who asks, and which version answers. What fails is thrown as a typed error. */
export async function checkServer({ http }: ConnectorContext<IcingaOptions>): Promise<Finding[]> {
  const { user, version, permissions } = await whoAmI(http);
  const mayQuery = ['objects/query/Service', 'objects/query/Host'].filter((wanted) => allows(permissions, wanted));
  return [
    { level: 'ok', aspect: 'connectivity', message: `Icinga ${version} answers.` },
    { level: 'ok', aspect: 'credentials', message: `The credentials of ${user} are accepted.` },
    mayQuery.length > 0
      ? { level: 'ok', aspect: 'permission', message: `${user} has ${mayQuery.join(' and ')}.` }
      : {
          level: 'error',
          aspect: 'permission',
          message: `${user} may query neither services nor hosts.`,
          hint: 'Give the ApiUser the permissions objects/query/Service and objects/query/Host.',
        },
  ];
}

/** Permission, the objects that fit, and the newest result of one of them, read the way a pull reads it. */
export async function checkResults(ctx: StreamContext<IcingaOptions, IcingaStream>): Promise<Finding[]> {
  const { http, stream, streamId } = ctx;
  const finding = streamFinding(streamId);
  // Told apart here: Icinga says of a missing permission that no objects were found.
  const { user, permissions } = await whoAmI(http);
  const wanted = ['host.vars.', 'hostName'].some((label) => stream.labels.some((each) => each.startsWith(label)))
    ? ['Service', 'Host']
    : [stream.objects === 'services' ? 'Service' : 'Host'];
  const missing = wanted.map((type) => `objects/query/${type}`).filter((each) => !allows(permissions, each));
  if (missing.length > 0)
    return [
      finding(
        'error',
        'permission',
        `${user} lacks ${missing.join(' and ')}.`,
        'Add it to permissions of the ApiUser.',
      ),
    ];
  const names = await findNames(http, stream, streamId);
  const findings = [
    finding('ok', 'permission', `${names.length} ${stream.objects} fit, the first one is ${names[0]}.`),
  ];
  const response = await readBatch(http, stream, names.slice(0, Math.min(stream.objectsPerRequest, 10)));
  try {
    const answered = { request: { method: 'POST' }, response } as const;
    const page = parseResults(rawPage(answered, { fromMs: 0, toMs: 8.64e15 }), ctx);
    const [first] = page.measurements;
    findings.push(
      first === undefined
        ? finding(
            'warning',
            'sample',
            'No value in the newest check results.',
            whatThereIs(response.body, stream, page.warnings),
          )
        : finding(
            'ok',
            'sample',
            `${Object.values(first.labels).join(', ')} was ${first.value} ${first.unit} at ${new Date(first.atMs).toISOString()}.`,
          ),
    );
    if (first !== undefined) for (const warning of page.warnings) findings.push(finding('warning', 'sample', warning));
  } catch (thrown) {
    const error = asOutturnError(thrown);
    if (error.code !== 'source/unit-mismatch') throw thrown;
    findings.push(finding('error', 'unit', error.message, error.hint));
  }
  return findings;
}

/** The performance data that there is in place of what the stream names; else what became of the values. */
function whatThereIs(body: string, { perfdata }: IcingaStream, warnings: readonly string[]): string | undefined {
  const [wanted] = perfdata ?? [];
  const labels = new Set(
    resultsOf(body, 'check').flatMap(({ attrs }) => {
      const entries = asRecord(asRecord(attrs)?.['last_check_result'])?.['performance_data'];
      return Array.isArray(entries) ? entries.flatMap((entry) => readPerfdata(entry)?.label ?? []) : [];
    }),
  );
  if (wanted === undefined || labels.size === 0) return warnings.join('; ') || undefined;
  const meant = nearest(wanted, [...labels]);
  return meant !== null && meant !== wanted
    ? `Did you mean perfdata: ${meant}?`
    : `The checks give ${[...labels].slice(0, 20).join(', ')}. ${warnings.join('; ')}`;
}
