import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { AuthConfig } from './config.ts';

type SigningAlgorithm = Extract<AuthConfig, { kind: 'jwt' }>['algorithm'];

/** PEM out of an environment variable often has `\n` spelt out in place of its line ends. */
export const withLineEnds = (pem: string): string => (pem.includes('\n') ? pem : pem.replaceAll('\\n', '\n'));

const isEncrypted = (pem: string): boolean => /ENCRYPTED/.test(pem);

function readKey(pem: string, passphrase: string | null): KeyObject | string {
  if (!pem.includes('-----BEGIN')) return 'is no PEM text: it must begin with -----BEGIN PRIVATE KEY-----';
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) return 'holds no private key, but something else';
  if (!/-----END [A-Z ]*PRIVATE KEY-----/.test(pem)) return 'is cut off: its end line is missing';
  if (isEncrypted(pem) && passphrase === null) return 'is encrypted, and there is no passphrase';
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase === null ? {} : { passphrase }) });
  } catch {
    return isEncrypted(pem) ? 'cannot be decrypted with that passphrase' : 'is a broken PEM text';
  }
}

/** What is wrong with a private key for signing JWTs, to follow its name; null: nothing. Never with any of the key. */
export function signingKeyProblem(pem: string, algorithm: SigningAlgorithm): string | null {
  if (isEncrypted(pem)) return 'is encrypted: write it without a passphrase (openssl pkcs8 -topk8 -nocrypt)';
  const key = readKey(pem, null);
  if (typeof key === 'string') return key;
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const found = type === 'ec' ? `ec (${details?.namedCurve})` : String(type);
  const wants = (what: string): string => `is of type ${found}, but ${algorithm} wants ${what}`;
  if (algorithm === 'RS256' && type !== 'rsa') return wants('an RSA key');
  if (algorithm === 'PS256' && type !== 'rsa' && type !== 'rsa-pss') return wants('an RSA key');
  if (algorithm === 'ES256' && (type !== 'ec' || details?.namedCurve !== 'prime256v1'))
    return wants('an EC key of the curve P-256');
  if (algorithm === 'EdDSA' && type !== 'ed25519') return wants('an Ed25519 key');
  if (type?.startsWith('rsa') && (details?.modulusLength ?? 0) < 2048)
    return 'has fewer than 2048 bits: no source accepts it';
  return null;
}

/** What is wrong with a file of CA certificates, one or several; null: nothing. */
export function authoritiesProblem(pem: string): string | null {
  // OpenSSL's form with trust settings: connections take it, X509Certificate does not.
  if (pem.includes('-----BEGIN TRUSTED CERTIFICATE-----')) return null;
  const blocks = pem.match(/-----BEGIN (?:X509 )?CERTIFICATE-----[^]*?(?=-----BEGIN |$)/g) ?? [];
  if (blocks.length === 0) return certificateProblem(pem);
  const broken = blocks.findIndex((block) => certificateProblem(block) !== null);
  if (broken < 0) return null;
  return blocks.length === 1
    ? 'holds a broken certificate'
    : `holds ${blocks.length}, of which number ${broken + 1} is broken`;
}

const certificateProblem = (pem: string): string | null => {
  try {
    new X509Certificate(pem);
    return null;
  } catch {
    return pem.includes('-----BEGIN CERTIFICATE-----')
      ? 'holds a broken certificate'
      : 'holds no certificate: a PEM text that begins with -----BEGIN CERTIFICATE-----';
  }
};

/** What is wrong with a client's certificate and key, and in which of both; null: nothing. */
export function clientPairProblem(
  certificate: string,
  key: string,
  passphrase: string | null,
): { in: 'certificate' | 'key'; message: string } | null {
  const message = certificateProblem(certificate);
  if (message !== null) return { in: 'certificate', message };
  const cert = new X509Certificate(certificate);
  const read = readKey(key, passphrase);
  if (typeof read === 'string') return { in: 'key', message: read };
  return cert.checkPrivateKey(read)
    ? null
    : { in: 'key', message: 'is not the key of the certificate: each certificate fits one key alone' };
}
