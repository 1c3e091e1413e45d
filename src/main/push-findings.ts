import {
  type ConnectorConfig,
  type Finding,
  formatDurationMs,
  type PushOptions,
  type PushStream,
  type Store,
} from '#kit';

/** Nothing for so many intervals: a sender may have stopped. */
const SILENT_INTERVALS = 3;
/** Of streams without an interval. */
const SILENT_MS = 2 * 86_400_000;

/** What is known of a connector that is sent to: its tokens, and of each stream when something came last. */
export async function pushFindings(
  connector: ConnectorConfig,
  { store, nowMs }: { store: Pick<Store, 'pulls' | 'push' | 'watermarks'> | null; nowMs: number },
): Promise<Finding[]> {
  const { previousToken } = connector.options as PushOptions;
  const findings: Finding[] = [
    previousToken === undefined
      ? { level: 'ok', aspect: 'credentials', message: 'one token' }
      : {
          level: 'warning',
          aspect: 'credentials',
          message: 'two tokens are valid: token and previousToken',
          hint: 'Take previousToken out when every sender shows the new one.',
        },
  ];
  if (store === null)
    return [
      ...findings,
      { level: 'warning', aspect: 'received', message: 'no database answers: what came last is not known' },
    ];
  for (const { id, options } of connector.streams)
    findings.push(await received(connector.id, id, options as PushStream));
  return findings;

  async function received(connectorId: string, streamId: string, stream: PushStream): Promise<Finding> {
    const [pull, watermark, sampleMs] = await Promise.all([
      store?.pulls.latest(connectorId, streamId) ?? null,
      store?.watermarks.get(connectorId, streamId) ?? null,
      stream.accepts === 'prometheus' ? (store?.push.lastReceivedAtMs(connectorId, streamId) ?? null) : null,
    ]);
    const place = stream.accepts === 'prometheus' ? `/v1/push/${connectorId}/prometheus` : `/v1/${stream.accepts}`;
    const lastMs = Math.max(pull?.startedAtMs ?? Number.NEGATIVE_INFINITY, sampleMs ?? Number.NEGATIVE_INFINITY);
    const base = { aspect: 'received', stream: streamId };
    if (lastMs === Number.NEGATIVE_INFINITY)
      return {
        ...base,
        level: 'warning',
        message: 'nothing has come yet',
        hint: `Senders POST to ${place} with \`Authorization: Bearer …\` (the connector's token).`,
      };
    const silentMs = nowMs - lastMs;
    const intervalMs = stream.accepts === 'measurements' ? (stream.interval ?? 0) : 0;
    const limitMs = stream.accepts === 'prometheus' ? 900_000 : Math.max(SILENT_INTERVALS * intervalMs, SILENT_MS);
    const known = watermark === null ? '' : `, known up to ${new Date(watermark.watermarkMs).toISOString()}`;
    const message = `last received ${new Date(lastMs).toISOString()}, ${formatDurationMs(Math.max(1000, Math.round(silentMs / 1000) * 1000))} ago${known}`;
    if (silentMs <= limitMs || (stream.accepts === 'costs' && intervalMs === 0))
      return { ...base, level: 'ok', message };
    return {
      ...base,
      level: 'warning',
      message,
      hint: `Is the sender still sending to ${place}? Its own log tells what it was answered.`,
    };
  }
}
