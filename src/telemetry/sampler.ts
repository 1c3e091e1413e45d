import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import { nearest, PermanentError } from '#kit';

const samplers: Readonly<Record<string, (share: number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (share) => new TraceIdRatioBasedSampler(share),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (share) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(share) }),
};

/** What OTEL_TRACES_SAMPLER and …_ARG ask for; absent: everything. Throws `config/invalid-value`. */
export function samplerOf(variables: NodeJS.ProcessEnv): Sampler {
  const name = variables['OTEL_TRACES_SAMPLER'] || 'parentbased_always_on';
  const make = samplers[name];
  if (make === undefined) {
    const known = Object.keys(samplers);
    const meant = nearest(name, known);
    throw new PermanentError('config/invalid-value', `OTEL_TRACES_SAMPLER is "${name}".`, {
      hint: `${meant === null ? '' : `Did you mean ${meant}? `}It takes ${known.join(', ')}.`,
    });
  }
  const share = Number(variables['OTEL_TRACES_SAMPLER_ARG'] || 1);
  if (Number.isFinite(share) && share >= 0 && share <= 1) return make(share);
  throw new PermanentError('config/invalid-value', 'OTEL_TRACES_SAMPLER_ARG is no share from 0 to 1.', {
    hint: 'Write 0.1 to trace one request in ten.',
  });
}
