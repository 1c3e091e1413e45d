import type { AuthConfig } from '#kit';
import { encodeForm } from '../address.ts';

/** RFC 6749 §2.3.1: id and secret are form-encoded before they go into the Basic header. */
export const formPart = (text: string): string => encodeForm({ x: text }).slice(2);

/** Everything of an auth block that must never be shown. */
export function secretsOf(auth: AuthConfig): string[] {
  switch (auth.kind) {
    case 'none':
      return [];
    case 'basic':
    case 'session':
      return [auth.password, `${auth.username}:${auth.password}`];
    case 'bearer':
      return [auth.token];
    case 'header':
      return Object.values(auth.values);
    case 'query':
      return [auth.value];
    case 'oauth2':
      return [
        ...(auth.clientSecret === null
          ? []
          : [auth.clientSecret, `${formPart(auth.clientId)}:${formPart(auth.clientSecret)}`]),
        ...(auth.refreshToken === null ? [] : [auth.refreshToken]),
      ];
    case 'jwt':
      // Line by line as well: what quotes a key may quote a part of it.
      return [auth.privateKey, ...auth.privateKey.split(/\r?\n/).filter((line) => /^[A-Za-z0-9+/=]{16,}$/.test(line))];
    case 'sigv4':
      return [auth.secretAccessKey, ...(auth.sessionToken === null ? [] : [auth.sessionToken])];
  }
}

/** Signatures are as many as requests: they are masked by what stands before them. */
export const maskSignatures = (text: string, mask: string): string =>
  text.replace(/(\bSignature(?:=|%3D))[0-9a-f]{64}/gi, `$1${mask}`);
