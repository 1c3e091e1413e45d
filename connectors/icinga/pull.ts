import { type HttpClient, PermanentError, type PullContext, type RawPage, rawPage } from '#kit';
import { queryObjects, resultsOf } from './api.ts';
import type { IcingaOptions, IcingaStream } from './options.ts';

const NAMES = 'outturn_names';

/** The newest check result of every object, in batches: Icinga itself gives all of them in one answer, however long. */
export async function* pullResults({
  http,
  stream,
  streamId,
  window,
  signal,
}: PullContext<IcingaOptions, IcingaStream>): AsyncGenerator<RawPage> {
  if (window.fromMs >= window.toMs) return;
  const names = await findNames(http, stream, streamId);
  for (let first = 0; first < names.length; first += stream.objectsPerRequest) {
    signal.throwIfAborted();
    const batch = names.slice(first, first + stream.objectsPerRequest);
    const response = await readBatch(http, stream, batch);
    resultsOf(response.body, `stream ${streamId}`);
    yield rawPage({ request: { method: 'POST' }, response }, { fromMs: window.fromMs, toMs: window.toMs });
  }
}

/** The names of all objects that fit, sorted. Throws `source/not-found` when none does. */
export async function findNames(http: HttpClient, stream: IcingaStream, streamId: string): Promise<string[]> {
  const { filter, variables } = filterOf(stream);
  const place = `stream ${streamId}`;
  const response = await queryObjects(http, stream.objects, {
    attrs: ['__name'],
    ...(filter === '' ? {} : { filter }),
    ...(Object.keys(variables).length === 0 ? {} : { filter_vars: variables }),
  });
  const names = resultsOf(response.body, place).map(({ name }) => {
    if (typeof name === 'string') return name;
    throw new PermanentError('source/bad-shape', `${place}: an object has no name`);
  });
  if (names.length === 0)
    throw new PermanentError('source/not-found', `${place}: no ${stream.objects.slice(0, -1)} fits`, {
      hint: 'Compare host, service and filter with Icinga; names are case-sensitive. The user may also see only some of them.',
    });
  return names.sort();
}

export function readBatch(http: HttpClient, stream: IcingaStream, names: readonly string[]) {
  const type = stream.objects === 'services' ? 'service' : 'host';
  const wants = (prefix: string): boolean => stream.labels.some((label) => label.startsWith(prefix));
  const joins = [
    ...(type === 'service' && wants('hostName') ? ['host.display_name'] : []),
    ...(type === 'service' && wants('host.vars.') ? ['host.vars'] : []),
  ];
  return queryObjects(http, stream.objects, {
    attrs: [
      ...['display_name', 'last_check_result', 'state', 'state_type', 'downtime_depth', 'acknowledgement'],
      ...(type === 'service' ? ['host_name', 'name'] : ['name']),
      ...(wants('vars.') || (type === 'host' && wants('host.vars.')) ? ['vars'] : []),
    ],
    ...(joins.length === 0 ? {} : { joins }),
    filter: `${type}.__name in ${NAMES}`,
    filter_vars: { [NAMES]: names },
  });
}

/** Names as variables, so that no quote in them can change the expression. */
function filterOf({ objects, host, service, filter, filterVars }: IcingaStream): {
  filter: string;
  variables: Record<string, unknown>;
} {
  const parts = [
    ...(host === undefined ? [] : ['host.name in outturn_hosts']),
    ...(service === undefined || objects === 'hosts' ? [] : ['service.name in outturn_services']),
    ...(filter === undefined ? [] : [`(${filter})`]),
  ];
  return {
    filter: parts.join(' && '),
    variables: {
      ...filterVars,
      ...(host === undefined ? {} : { outturn_hosts: host }),
      ...(service === undefined || objects === 'hosts' ? {} : { outturn_services: service }),
    },
  };
}
