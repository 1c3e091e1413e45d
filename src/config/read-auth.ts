import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  type AnyConnectorKind,
  type AuthConfig,
  authoritiesProblem,
  clientPairProblem,
  type HttpSettings,
  signingKeyProblem,
  withLineEnds,
} from '#kit';
import { type LocatedEntry, nodeAt, placeAt } from './located.ts';
import { listWords, nearMiss, type PathPart, type ProblemList } from './problems.ts';
import { describeFileError } from './references.ts';
import { type AuthInput, acceptedAuth } from './schema/auth.ts';
import type { HttpBase } from './schema/connector.ts';

interface Input {
  entry: LocatedEntry;
  directory: string;
  problems: ProblemList;
}

const add = ({ entry, problems }: Input, at: PathPart[], message: string, suggestion: string | null = null): void => {
  const node = nodeAt(entry.value, at);
  const place = node === undefined && at.length === 1 ? entry.keyPlace : placeAt(entry.value, at);
  problems.add(place, ['connectors', entry.key, ...at], 'config/invalid-value', message, { suggestion });
};

/** A secret in it is not known here: nothing can be said about the value. */
const isPending = ({ entry }: Input, at: PathPart[]): boolean => {
  const node = nodeAt(entry.value, at);
  return node?.type === 'scalar' && node.pending;
};

/** The checked `auth` block, as one that the kind accepts; undefined when it is none. */
export function readAuth(written: AuthInput, kind: AnyConnectorKind, input: Input): AuthConfig | undefined {
  const accepted = acceptedAuth(kind.auth);
  if (!accepted.includes(written.kind)) {
    const ways = listWords([...accepted]);
    if (nodeAt(input.entry.value, ['auth']) === undefined)
      add(input, ['auth'], `is required: ${kind.kind} takes ${ways}`);
    else
      add(
        input,
        ['auth', 'kind'],
        `auth ${written.kind} is not known to ${kind.kind}; it takes ${ways}`,
        nearMiss(written.kind, accepted),
      );
    return undefined;
  }
  const auth = authConfig(written);
  if (auth.kind !== 'jwt' || isPending(input, ['auth', 'privateKey'])) return auth;
  const problem = signingKeyProblem(auth.privateKey, auth.algorithm);
  if (problem === null) return auth;
  add(input, ['auth', 'privateKey'], `the key ${problem}`);
  return undefined;
}

function authConfig(auth: AuthInput): AuthConfig {
  switch (auth.kind) {
    case 'header':
      return { kind: 'header', values: auth.values ?? { [auth.name ?? '']: auth.value ?? '' } };
    case 'oauth2':
      return { ...auth, clientSecret: auth.clientSecret ?? null, refreshToken: auth.refreshToken ?? null };
    case 'jwt':
      return {
        ...auth,
        subject: auth.subject ?? null,
        audience: auth.audience ?? auth.tokenUrl,
        keyId: auth.keyId ?? null,
        privateKey: withLineEnds(auth.privateKey),
      };
    case 'sigv4':
      return { ...auth, sessionToken: auth.sessionToken ?? null };
    default:
      return auth;
  }
}

/** The checked `tls` block, its files read for a look; undefined when one of them is wrong. */
export async function readTls(tls: HttpBase['tls'], input: Input): Promise<HttpSettings['tls'] | undefined> {
  const read = async (
    name: 'caFile' | 'certFile' | 'keyFile',
  ): Promise<{ file: string; text: string } | null | undefined> => {
    const written = tls[name];
    if (written === undefined || isPending(input, ['tls', name])) return null;
    const file = path.resolve(input.directory, written);
    try {
      return { file, text: await readFile(file, 'latin1') };
    } catch (thrown) {
      const what = name === 'keyFile' ? 'key' : 'certificate';
      const at: PathPart[] = ['tls', name];
      input.problems.add(
        placeAt(input.entry.value, at),
        ['connectors', input.entry.key, ...at],
        'config/unreadable-file',
        `the ${what} file cannot be read: ${describeFileError(thrown)}`,
      );
      return undefined;
    }
  };
  const [ca, cert, key] = [await read('caFile'), await read('certFile'), await read('keyFile')];
  if (ca === undefined || cert === undefined || key === undefined) return undefined;
  const caProblem = ca === null ? null : authoritiesProblem(ca.text);
  if (caProblem !== null) {
    add(input, ['tls', 'caFile'], `the file ${caProblem}`);
    return undefined;
  }
  const isKnown = !isPending(input, ['tls', 'certFile']) && !isPending(input, ['tls', 'keyFile']);
  if (isKnown && cert !== null && key === null) return missing('keyFile', 'certFile');
  if (isKnown && cert === null && key !== null) return missing('certFile', 'keyFile');
  if (isKnown && tls.keyPassphrase !== undefined && key === null) return missing('keyFile', 'keyPassphrase');
  const unknownPassphrase = isPending(input, ['tls', 'keyPassphrase']);
  if (cert !== null && key !== null && !unknownPassphrase) {
    const problem = clientPairProblem(cert.text, key.text, tls.keyPassphrase ?? null);
    if (problem !== null) {
      add(input, ['tls', problem.in === 'key' ? 'keyFile' : 'certFile'], `the file ${problem.message}`);
      return undefined;
    }
  }
  return {
    caFile: ca?.file ?? null,
    rejectUnauthorized: !tls.insecure,
    certFile: cert?.file ?? null,
    keyFile: key?.file ?? null,
    keyPassphrase: tls.keyPassphrase ?? null,
  };

  function missing(name: string, beside: string): undefined {
    add(input, ['tls', beside], `needs ${name} beside it: a client shows a certificate and proves that it has the key`);
  }
}
