import { noTracing, PermanentError } from '#kit';
import { withFacts, withoutFacts } from './log-scope.ts';
import type { OpenTracing, TracingSettings } from './tracing-settings.ts';

/** Log lines carry what they belong to whether or not anything is traced. */
const untraced: OpenTracing = {
  ...noTracing,
  detached: withoutFacts,
  within: withFacts,
  close: async () => undefined,
};

/**
 * Traces by OTLP/HTTP when OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT) names a collector; else the libraries are not
 * even loaded. Throws `config/invalid-value` for an endpoint that is no address or a sampler that there is not.
 */
export async function openTracing(settings: TracingSettings): Promise<OpenTracing> {
  const { variables, redactor, log } = settings;
  const [name, endpoint] = variables['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']
    ? ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', variables['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']]
    : ['OTEL_EXPORTER_OTLP_ENDPOINT', variables['OTEL_EXPORTER_OTLP_ENDPOINT']];
  const isOff =
    variables['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || variables['OTEL_TRACES_EXPORTER'] === 'none';
  if (!endpoint || isOff) return untraced;
  const protocol = URL.canParse(endpoint) ? new URL(endpoint).protocol : null;
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new PermanentError('config/invalid-value', `${name} is no http:// or https:// address.`, {
      hint: 'Write http://host:4318, the OTLP/HTTP port of the collector; or unset it to trace nothing.',
    });
  for (const secret of headerValues(variables)) redactor.add(secret);
  const wanted = variables['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] || variables['OTEL_EXPORTER_OTLP_PROTOCOL'];
  if (wanted && wanted !== 'http/json')
    log.warn({ protocol: wanted }, 'traces are sent as http/json; the collector must take that');
  const { startTracing } = await import('./opentelemetry.ts');
  return startTracing(settings);
}

/** Headers hold keys of the collector: `name=value,…`, percent-encoded. */
function headerValues(variables: NodeJS.ProcessEnv): string[] {
  return [variables['OTEL_EXPORTER_OTLP_HEADERS'], variables['OTEL_EXPORTER_OTLP_TRACES_HEADERS']]
    .flatMap((list) => list?.split(',') ?? [])
    .map((pair) => pair.slice(pair.indexOf('=') + 1).trim())
    .flatMap((value) => [value, decoded(value)])
    .filter((value) => value !== '');
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
