import type { AuthConfig } from '#kit';
import type { Authenticator } from './authenticator.ts';

export type FixedAuth = Extract<AuthConfig, { kind: 'none' | 'basic' | 'bearer' | 'header' | 'query' }>;

export const basicHeader = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** Credentials that are the same for every request: when they are refused there are no others. */
export function fixedCredentials(auth: FixedAuth): Authenticator {
  const always = (headers: Record<string, string>, query: Record<string, string> = {}): Authenticator => ({
    credentials: async () => ({ headers, query, generation: 0 }),
    refused: () => false,
  });
  switch (auth.kind) {
    case 'none':
      return always({});
    case 'basic':
      return always({ authorization: basicHeader(auth.username, auth.password) });
    case 'bearer':
      return always({ authorization: `Bearer ${auth.token}` });
    case 'header':
      return always(
        Object.fromEntries(Object.entries(auth.values).map(([name, value]) => [name.toLowerCase(), value])),
      );
    case 'query':
      return always({}, { [auth.name]: auth.value });
  }
}
