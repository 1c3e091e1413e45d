import { z } from 'zod';
import * as fields from './fields.ts';
import type { FileAccess, FileSource, FoundFile, S3Access } from './ports.ts';

/** Options of every kind that reads files: whence, and how much. To be spread into a connector's strict object. */
export const fileOptionsShape = {
  s3: z
    .strictObject({
      endpoint: fields.httpUrl
        .meta({
          description: 'Address of an S3-compatible store. Absent: AWS.',
          examples: ['https://minio.example.com'],
        })
        .optional(),
      region: fields.text
        .meta({ description: 'Region. Absent: as the environment or profile says.', examples: ['eu-central-1'] })
        .optional(),
      accessKeyId: fields.text
        .meta({
          description: 'Access key. Absent: the usual chain of environment, profile and role.',
          examples: ['${env:AWS_ACCESS_KEY_ID}'],
        })
        .optional(),
      secretAccessKey: fields.secret
        .meta({ description: 'Its secret.', examples: ['${env:AWS_SECRET_ACCESS_KEY}'], secret: true })
        .optional(),
      sessionToken: fields.secret
        .meta({ description: 'Of temporary credentials.', examples: ['${env:AWS_SESSION_TOKEN}'], secret: true })
        .optional(),
      forcePathStyle: z
        .boolean()
        .default(false)
        .meta({ description: 'The bucket stands in the path, not in the host name: most stores other than AWS.' }),
    })
    .superRefine((s3, ctx) => {
      if ((s3.accessKeyId === undefined) !== (s3.secretAccessKey === undefined))
        ctx.addIssue({ code: 'custom', message: 'accessKeyId and secretAccessKey belong together' });
    })
    .optional()
    .meta({ description: 'Where the objects of `s3://bucket/key` are, and who asks for them.' }),
};
type S3Options = z.output<(typeof fileOptionsShape)['s3']>;

/** The option `s3` as the port takes it. */
export function s3AccessOf(options: S3Options): S3Access | null {
  if (options === undefined) return null;
  const { endpoint, region, accessKeyId, secretAccessKey, sessionToken, forcePathStyle } = options;
  return {
    endpoint: endpoint ?? null,
    // Stores other than AWS have one region, but the signature wants a name.
    region: region ?? (endpoint === undefined ? null : 'us-east-1'),
    accessKeyId: accessKeyId ?? null,
    secretAccessKey: secretAccessKey ?? null,
    sessionToken: sessionToken ?? null,
    forcePathStyle,
  };
}

/** A whole text at once, for what is known to be small. Throws what `FileSource.read` throws. */
export async function readText(
  files: FileSource,
  file: Pick<FoundFile, 'path' | 'version'>,
  options: FileAccess & { maxBytes: number },
): Promise<string> {
  let text = '';
  for await (const piece of files.read(file, options)) text += piece;
  return text;
}

/** The path as a person wrote it: relative, from the folder in which the pattern begins; an address of S3 as it is. */
export function shownPath(path: string, pattern: string): string {
  if (path.startsWith('s3://')) return path;
  const slashed = path.replaceAll('\\', '/');
  const fixed = pattern.slice(0, pattern.search(/[*?[{]|$/)).replace(/[^/]*$/, '');
  const at = fixed === '' ? slashed.lastIndexOf('/') + 1 : slashed.lastIndexOf(`/${fixed}`) + 1;
  return slashed.slice(Math.max(at, 0));
}
