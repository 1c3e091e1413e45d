import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programOf } from '../packages.ts';

const run = promisify(execFile);

/** PEM files. */
export interface Certificates {
  caFile: string;
  certFile: string;
  keyFile: string;
}

/** An authority of its own, and a certificate for 127.0.0.1 and `localhost` that it signed; in `folder`, for a day. */
export async function makeCertificates(folder: string, name: string): Promise<Certificates> {
  const openssl = async (...args: string[]): Promise<void> => {
    await run(programOf('redis', 'openssl'), args, { cwd: folder, timeout: 30_000 });
  };
  const file = (suffix: string): string => join(folder, `${name}-${suffix}`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const ca = ['-subj', `/CN=${name} authority`, '-days', '1', '-keyout', file('ca.key'), '-out', file('ca.pem')];
  await openssl('req', '-x509', ...key, ...ca);
  await openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', file('key.pem'), '-out', file('request.pem'));
  await writeFile(file('names.cnf'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  await openssl(
    ...['x509', '-req', '-days', '1', '-in', file('request.pem'), '-CA', file('ca.pem'), '-CAkey', file('ca.key')],
    ...['-CAcreateserial', '-extfile', file('names.cnf'), '-out', file('cert.pem')],
  );
  return { caFile: file('ca.pem'), certFile: file('cert.pem'), keyFile: file('key.pem') };
}
