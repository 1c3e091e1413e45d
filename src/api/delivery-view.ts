import type { DeliveryRow } from '#kit';

/** One message of a digest, as the API and `--json` show it. */
export interface DeliveryView {
  id: string;
  digestId: string;
  subscription: string;
  slot: string;
  channel: DeliveryRow['channel'];
  address: string;
  recipientName: string;
  test: boolean;
  state: DeliveryRow['state'];
  messageId: string | null;
  attempts: number;
  error: { code: string; message: string } | null;
  createdAt: string;
  updatedAt: string;
  /** Who found out whether it arrived, where the channel could not tell. */
  settled: { at: string; by: string; reason: string | null } | null;
}

export const deliveryView = (row: DeliveryRow): DeliveryView => ({
  id: row.id,
  digestId: row.digestId,
  subscription: row.subscription,
  slot: row.slot,
  channel: row.channel,
  address: row.address,
  recipientName: row.recipientName,
  test: row.test,
  state: row.state,
  messageId: row.messageId,
  attempts: row.attempts,
  error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '' },
  createdAt: new Date(row.createdAtMs).toISOString(),
  updatedAt: new Date(row.updatedAtMs).toISOString(),
  settled:
    row.settledAtMs === null
      ? null
      : { at: new Date(row.settledAtMs).toISOString(), by: row.settledBy ?? '', reason: row.settleReason },
});
