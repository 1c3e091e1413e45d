import { expect, it } from 'vitest';
import { secretsByName } from './named-secrets.ts';
import { ProblemList } from './problems.ts';
import { readYaml } from './read-file.ts';
import { createReferenceResolver } from './references.ts';

it('a key that a person named so is a secret wherever a request carries it; templates and other fields are none', async () => {
  const text = `
connectors:
  tickets:
    kind: http
    headers: { X-Api-Key: key-of-header, Accept: text/csv }
    auth: { kind: oauth2, tokenUrl: https://x.example/token, parameters: { audience: a, password: of-parameters } }
    login: { request: { body: { form: { password: "{{password}}" } } }, token: { at: /token } }
    streams:
      hours:
        token: none
        requests:
          - headers: { X-Auth: key-of-stream }
            query: { api_key: key-of-query, author: somebody, token: "{{cursor}}" }
            body: { json: { login: [{ password: of-body, user: me }] } }
`;
  const resolve = createReferenceResolver({ directory: '/', env: {} });
  const { root } = await readYaml('outturn.yaml', text, new ProblemList(), resolve);
  if (root === null) throw new Error('it is no YAML');
  expect(secretsByName(root).map(({ value }) => value)).toEqual([
    'key-of-header',
    'of-parameters',
    'key-of-stream',
    'key-of-query',
    'of-body',
  ]);
});
