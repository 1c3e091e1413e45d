/** One issue of a schema, as fastify-type-provider-zod hands it on. */
interface Issue {
  keyword: string;
  /** `/connector`; `/` for the document itself. */
  instancePath: string;
  message?: string | undefined;
  params?: object | undefined;
}

/** Every invalid field, in words for whoever wrote the request; an unknown field is named by its own path. */
export function fieldProblems(issues: readonly Issue[]): { path: string; message: string }[] {
  return issues.flatMap((issue) => {
    const path = issue.instancePath.replace(/^\//, '').replaceAll('/', '.');
    const params = (issue.params ?? {}) as Record<string, unknown>;
    if (issue.keyword === 'unrecognized_keys' && Array.isArray(params['keys']))
      return params['keys'].map((key: unknown) => ({
        path: path === '' ? String(key) : `${path}.${String(key)}`,
        message: 'is not a known field',
      }));
    return [{ path: path || '(body)', message: words(issue, params) }];
  });
}

function words({ keyword, message }: Issue, params: Record<string, unknown>): string {
  switch (keyword) {
    case 'invalid_type':
      return isMissing(message) ? 'is required' : `must be ${typeWords(params['expected'])}`;
    case 'invalid_value':
      return Array.isArray(params['values']) ? `must be one of ${params['values'].join(', ')}` : 'is not valid';
    case 'invalid_format':
      return `must be ${formatWords(params['format'])}`;
    case 'too_small':
      if (isNumber(params)) return `must be at least ${String(params['minimum'])}`;
      return params['minimum'] === 1
        ? 'must not be empty'
        : `must have at least ${String(params['minimum'])} characters`;
    case 'too_big':
      if (isNumber(params)) return `must be at most ${String(params['maximum'])}`;
      return `must have at most ${String(params['maximum'])} characters`;
    default:
      return 'is not valid';
  }
}

const isNumber = ({ origin }: Record<string, unknown>): boolean => origin === 'number' || origin === 'int';

/** The issue says what came only in its words; `null` is what an absent body is. */
const isMissing = (message: string | undefined): boolean => /received (undefined|null)$/.test(message ?? '');

const typeWords = (expected: unknown): string => (expected === 'object' ? 'a JSON object' : 'text');

function formatWords(format: unknown): string {
  switch (format) {
    case 'date':
      return 'a date of the calendar such as 2026-09-30';
    case 'datetime':
      return 'a date-time with its zone such as 2026-09-30T06:00:00Z';
    case 'uuid':
      return 'a job id (UUID) as `outturn jobs` lists them';
    default:
      return 'of another form';
  }
}
