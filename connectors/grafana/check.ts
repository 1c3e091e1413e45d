import {
  asRecord,
  type ConnectorContext,
  type Finding,
  formatDurationMs,
  newestSteps,
  newestValueFindings,
  PermanentError,
  rawPage,
  type StreamContext,
} from '#kit';
import { parseFrames } from './answer.ts';
import type { GrafanaOptions, GrafanaStream } from './options.ts';
import { askFrames, request, uidOf } from './query.ts';

/** Of these the newest values are shown. */
const STEPS_SHOWN = 24;

/** Connectivity and version by `/api/health`, which knows no login; credentials by what they may see. */
export async function checkServer(ctx: ConnectorContext<GrafanaOptions>): Promise<Finding[]> {
  const health = await ctx.http.request({ url: 'api/health', expect: 'text', acceptStatuses: [401, 403, 404, 503] });
  const found = await request(ctx, { url: 'api/search', query: { type: 'dash-db', limit: 1 } });
  const dashboards = found.json();
  if (!Array.isArray(dashboards) || dashboards.some((each) => asRecord(each) === null))
    throw new PermanentError('source/bad-shape', 'check: the answer does not list dashboards', {
      hint: 'Check that url leads to Grafana, without /api at its end.',
    });
  const version = versionOf(health.body);
  return [
    {
      level: 'ok',
      aspect: 'connectivity',
      message: version === null ? 'A Grafana that does not tell its version answers.' : `Grafana ${version} answers.`,
    },
    await credentials(ctx),
  ];
}

function versionOf(body: string): string | null {
  try {
    const version = asRecord(JSON.parse(body))?.['version'];
    return typeof version === 'string' && /^[\w.+-]{1,40}$/.test(version) ? version : null;
  } catch {
    return null;
  }
}

/** Grafana tells when a token ends only to who may read the service account. */
async function credentials(ctx: ConnectorContext<GrafanaOptions>): Promise<Finding> {
  const accepted: Finding = { level: 'ok', aspect: 'credentials', message: 'The credentials are accepted.' };
  const account = ctx.options.serviceAccount;
  if (account === undefined) return accepted;
  const response = await ctx.http.request({
    url: `api/serviceaccounts/${account.id}/tokens`,
    acceptStatuses: [403, 404],
  });
  const tokens = response.status === 200 ? response.json() : null;
  const token = Array.isArray(tokens)
    ? tokens.map(asRecord).find((each) => each?.['name'] === account.token)
    : undefined;
  if (token === undefined || token === null)
    return {
      level: 'warning',
      aspect: 'credentials',
      message:
        response.status === 200
          ? `The service account ${account.id} has no token of the name ${account.token}.`
          : `The tokens of the service account ${account.id} may not be read (${response.status}).`,
      hint: 'Check serviceAccount; its role needs serviceaccounts:read on itself, or leave it out.',
    };
  const { expiration } = token;
  const expiresAtMs = typeof expiration === 'string' ? Date.parse(expiration) : Number.NaN;
  return Number.isNaN(expiresAtMs)
    ? { ...accepted, message: `The token ${account.token} is accepted and has no end.` }
    : {
        ...accepted,
        message: `The token ${account.token} is accepted until ${new Date(expiresAtMs).toISOString()}.`,
        expiresAtMs,
      };
}

/** The stream's query over the newest steps that are over, read the way a pull reads it. */
export async function checkQuery(ctx: StreamContext<GrafanaOptions, GrafanaStream>): Promise<Finding[]> {
  const { stream, streamId } = ctx;
  const piece = newestSteps(ctx.nowMs(), stream.step, Math.min(STEPS_SHOWN, stream.pointsPerRequest));
  const response = await askFrames(ctx, await uidOf(ctx), piece);
  const meta = { stepMs: stream.step, sample: stream.sample, stamp: stream.stamp ?? 'start', ...piece };
  const page = parseFrames(rawPage({ request: { method: 'POST' }, response }, meta), ctx);
  return newestValueFindings(page, streamId, {
    message: `The query gives no value for the last ${formatDurationMs(piece.toMs - piece.fromMs)}.`,
    hint: 'A name in it may be misspelt, or nothing was written: Explore of Grafana shows it.',
  });
}
