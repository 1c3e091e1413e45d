import { type ConnectorHealth, connectorHealth } from '#kit';
import { type App, clock } from './app.ts';
import { registry } from './registry.ts';
import { scheduleAdmin } from './schedules.ts';

export type { ConnectorHealth } from '#kit';
export { connectorView } from '#src/api/connector-view';

/** How every connector does; reads only. */
export const readConnectors = (app: Pick<App, 'config' | 'store'>): Promise<ConnectorHealth[]> =>
  connectorHealth({
    config: app.config,
    registry,
    store: app.store,
    schedules: scheduleAdmin(app),
    nowMs: clock.nowMs(),
  });
