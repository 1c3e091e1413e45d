/** Any source that speaks HTTP, by YAML alone: requests, paging, login and rows are all configuration. */
import { defineConnector, splitWindow } from '#kit';
import { checkStream } from './check.ts';
import { discoverStreams } from './discover.ts';
import { declaredLogin } from './login.ts';
import { type HttpOptions, type HttpStream, optionsSchema, streamSchema } from './options.ts';
import { parsePage } from './parse.ts';
import { pullPages } from './pull.ts';
import { isWindowed } from './request-options.ts';

export const http = defineConnector<HttpOptions, HttpStream>({
  kind: 'http',
  summary: 'Rows of any HTTP API, described in YAML: requests, paging, login, what answers mean, where the rows stand.',
  options: optionsSchema,
  stream: streamSchema,
  capabilities: { measurements: true, costs: true, discover: true },
  auth: ['bearer', 'basic', 'header', 'query', 'oauth2', 'jwt', 'sigv4', 'session', 'none'],
  session: declaredLogin,
  tuning: ['slice', 'rules', 'explore', 'rewriteLinks'],
  timing: ({ interval }) => ({ intervalMs: interval ?? 0 }),
  extent({ requests, slice }, window) {
    const [request, ...more] = requests;
    const pieces = slice === undefined ? 1 : [...splitWindow(window, slice, slice)].length;
    return {
      isWindowed: requests.some(isWindowed),
      requests: more.length === 0 && request?.paginate === undefined ? pieces : null,
    };
  },
  // Each stream asks for itself: there is nothing that every such source answers.
  check: async () => [],
  checkStream,
  discover: discoverStreams,
  pull: pullPages,
  parse: parsePage,
});
