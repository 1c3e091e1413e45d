import type { FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import {
  asOutturnError,
  isReportKey,
  type Logger,
  type ObjectStore,
  OutturnError,
  type ReportFormat,
  type ReportRow,
  type Store,
} from '#kit';
import { reportParams, reportQuery } from './schemas.ts';

const contentTypes: Record<ReportFormat, string> = {
  html: 'text/html; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
};

/** The address is the key to the page: it is passed on to nobody, kept by no proxy, found by no search engine. */
const pageHeaders = {
  'cache-control': 'private, max-age=3600',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
};

interface ReportOptions {
  store: Store;
  objects: ObjectStore;
  log: Logger;
  /** The API token, which the keys are made from. */
  token: string;
}

/** What the links in digests open: the stored report of one snapshot, for whoever holds its key, without logging in. */
export function addReports(server: FastifyInstance, { store, objects, log, token }: ReportOptions): void {
  const schema = { params: reportParams, querystring: reportQuery };
  server
    .withTypeProvider<ZodTypeProvider>()
    .get('/projects/:project/snapshots/:snapshot', { schema }, async (request, reply) => {
      const { project, snapshot: snapshotId } = request.params;
      const { format, key } = request.query;
      // A wrong key and a snapshot that never was look the same: nobody learns which projects there are.
      if (!isReportKey(token, { project, snapshotId }, key))
        throw new OutturnError('not-found', 'There is no report at this address.', {
          hint: 'Open the link as it stands in the digest, to its last character.',
        });
      const report = await store.reports.find(snapshotId, format);
      if (report === null || report.projectId !== project)
        throw new OutturnError('not-found', `The report of this snapshot is not built yet (${format}).`, {
          hint: 'It is made soon after the figures: try again in a minute. If it stays so, `outturn jobs` shows why.',
        });
      const body = await bodyOf(report);
      if (format === 'csv')
        reply.header('content-disposition', `attachment; filename="${fileName(project, snapshotId)}.csv"`);
      return reply.headers(pageHeaders).type(contentTypes[format]).send(body);
    });

  async function bodyOf(report: ReportRow): Promise<Buffer> {
    try {
      return await objects.get(report.objectKey);
    } catch (thrown) {
      const error = asOutturnError(thrown);
      // Where objects are kept is for the operator to know, not for readers of a digest.
      log.error({ objectKey: report.objectKey, code: error.code, error: error.message }, 'report cannot be read');
      if (error.code === 'object/not-found')
        throw new OutturnError('not-found', 'The report of this snapshot is no longer kept.', { cause: thrown });
      throw new OutturnError('object/unavailable', 'The report cannot be read at the moment.', {
        hint: 'Try again later; the log of the API process says what is wrong.',
        cause: thrown,
      });
    }
  }
}

const fileName = (...parts: string[]): string => parts.map((part) => part.replace(/[^\w.-]+/g, '_')).join('-');
