import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { objectKeyOf } from './jobs.ts';
import type { MessageSink } from './sink.ts';

/** A worker's death, and how long the jobs that it ran had to wait for their next run. */
export interface Recovery {
  instance: string;
  jobs: number;
  longestMs: number;
  /** The same from the last disturbance on: in a soak the next fault comes before the last one is over. */
  sinceDisturbanceMs: number;
  /** Whether the queue had forgotten jobs meanwhile. */
  queueLostJobs: boolean;
  /** The job that waited longest. */
  slowest: string;
}

/** What a run of faults came to. Empty violations: nothing lost, nothing twice. */
export interface Verdict {
  jobs: number;
  runs: number;
  /** Jobs that their workers' deaths put into quarantine, by rule. */
  quarantined: number;
  lost: string[];
  doubled: string[];
  recoveries: Recovery[];
}

/** Looks on from the database's side, by triggers: it believes no worker. */
export interface Observer {
  /** To be called just before an instance is killed, or when it is found dead; the first call counts. */
  died(instance: string): void;
  /** Another fault, at whose beginning and end recovery begins anew. */
  disturbed(losesJobs: boolean): void;
  /** Every intent ended. Throws with the open ones at the deadline. */
  untilIdle(timeoutMs: number): Promise<void>;
  verdict(): Promise<Verdict>;
  query<T extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<T[]>;
  close(): Promise<void>;
}

/** Statements of the observer's own: what happened to each intent and when each run began, by the server's clock. */
const INSTALL = `
  CREATE SCHEMA fault;
  CREATE TABLE fault.transition (seq bigserial, job_id text, was text, becomes text, at timestamptz DEFAULT clock_timestamp());
  CREATE FUNCTION fault.note_transition() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO fault.transition (job_id, was, becomes) VALUES (NEW.id, OLD.state, NEW.state); RETURN NULL; END $$;
  CREATE TRIGGER fault_transition AFTER UPDATE OF state ON outbox FOR EACH ROW
    WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION fault.note_transition();
  CREATE TABLE fault.run (job_id text, token bigint, instance text, at timestamptz DEFAULT clock_timestamp());
  CREATE INDEX ON fault.run (job_id, token);
  CREATE FUNCTION fault.note_run() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO fault.run (job_id, token, instance) VALUES (NEW.job_id, NEW.token, NEW.instance); RETURN NULL; END $$;
  CREATE TRIGGER fault_run AFTER INSERT ON job_run FOR EACH ROW EXECUTE FUNCTION fault.note_run();`;

const ENDED = "('succeeded', 'failed', 'collapsed', 'cancelled')";

export async function createObserver(world: {
  databaseUrl: string;
  objectsPath: string;
  sink: MessageSink;
}): Promise<Observer> {
  const deaths = new Map<string, number>();
  const disturbances: { atMs: number; losesJobs: boolean }[] = [];
  let client: Client | null = null;

  /** Its own session is terminated with the others' at times: it makes another. */
  async function query<T extends Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        if (client === null) {
          client = new Client({ connectionString: world.databaseUrl, application_name: 'fault observer' });
          client.on('error', () => {
            client = null;
          });
          await client.connect();
        }
        return (await client.query<T>(text, values)).rows;
      } catch (error) {
        client = null;
        if (tries >= 20) throw error;
        await delay(250);
      }
    }
  }
  await query(INSTALL);

  async function untilIdle(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const [open] = await query<{ open: string; sample: string }>(`
        SELECT count(*)::text AS open,
          string_agg(kind || ' ' || id || ' ' || state || coalesce(' ' || error_message, ''), '; ' ORDER BY seq)
            FILTER (WHERE nth <= 8) AS sample
        FROM (SELECT *, row_number() OVER (ORDER BY seq) AS nth FROM outbox WHERE acknowledged_at IS NULL) AS o`);
      if (open === undefined || open.open === '0') return;
      if (performance.now() > deadline)
        throw new Error(`${open.open} jobs have not ended within ${timeoutMs / 1_000} s: ${open.sample}`);
      await delay(100);
    }
  }

  /** Texts of the one column `text` of a query that finds what must not be. */
  const findings = async (text: string): Promise<string[]> =>
    (await query<{ text: string }>(text)).map((row) => row.text);

  async function recoveries(): Promise<Recovery[]> {
    const found: Recovery[] = [];
    for (const [instance, diedAtMs] of deaths) {
      const affected = await query<{ job: string; at: string }>(
        `SELECT outbox.kind || ' ' || outbox.id AS job, (extract(epoch FROM next.at) * 1000)::text AS at
         FROM fault.run AS died
         JOIN job_run USING (job_id, token, instance)
         JOIN outbox ON outbox.id = died.job_id
         CROSS JOIN LATERAL (
           SELECT min(at) AS at FROM fault.run WHERE job_id = died.job_id AND token > died.token) AS next
         WHERE died.instance = $1 AND job_run.ended_at IS NULL AND next.at IS NOT NULL
         ORDER BY next.at DESC`,
        [instance],
      );
      const [slowest] = affected;
      if (slowest === undefined) continue;
      const waits = affected.map(({ at }) => {
        const earlier = disturbances.filter(({ atMs }) => atMs < Number(at) && atMs > diedAtMs);
        return { ms: Number(at) - Math.max(diedAtMs, ...earlier.map(({ atMs }) => atMs)), earlier };
      });
      found.push({
        instance,
        jobs: affected.length,
        longestMs: Math.round(Number(slowest.at) - diedAtMs),
        sinceDisturbanceMs: Math.round(Math.max(...waits.map(({ ms }) => ms))),
        queueLostJobs: waits.some(({ earlier }) => earlier.some(({ losesJobs }) => losesJobs)),
        slowest: slowest.job,
      });
    }
    return found;
  }

  /** Succeeded, yet without its effect; or an effect that is not what the job wrote. */
  async function missingEffects(): Promise<string[]> {
    const missing = await findings(`
      SELECT 'no measurement of ' || (args ->> 'key') AS text FROM outbox
      WHERE kind = 'fault-measure' AND state = 'succeeded' AND NOT EXISTS (
        SELECT FROM series JOIN measurement ON series_id = series.id
        WHERE stream = 'measure' AND labels ->> 'key' = args ->> 'key')`);
    missing.push(
      ...(await findings(`
        SELECT 'no further job of ' || (args ->> 'key') AS text FROM outbox AS o
        WHERE kind = 'fault-measure' AND args ->> 'follow' = 'true' AND state = 'succeeded'
          AND NOT EXISTS (SELECT FROM outbox WHERE parent_id = o.id)`)),
      ...(await findings(`
        SELECT 'not sent: ' || idempotency_key || ' ' || d.state AS text FROM delivery AS d
        WHERE d.state <> 'sent' AND EXISTS (
          SELECT FROM outbox WHERE kind = 'deliver-message' AND args ->> 'deliveryId' = d.id AND state = 'succeeded')`)),
    );
    for (const key of await findings(
      `SELECT DISTINCT args ->> 'key' AS text FROM outbox WHERE kind = 'fault-object' AND state = 'succeeded'`,
    )) {
      const body = await readFile(join(world.objectsPath, objectKeyOf(key)), 'utf8').catch(() => null);
      if (body !== `object ${key}`) missing.push(`object ${key} is ${body === null ? 'not there' : 'not whole'}`);
    }
    for (const key of await findings(`SELECT idempotency_key AS text FROM delivery WHERE state = 'sent'`))
      if (!world.sink.received.has(key)) missing.push(`message ${key} is marked as sent and never arrived`);
    return missing;
  }

  return {
    died(instance) {
      if (deaths.has(instance)) return;
      deaths.set(instance, Date.now());
      disturbances.push({ atMs: Date.now(), losesJobs: false });
    },
    disturbed: (losesJobs) => void disturbances.push({ atMs: Date.now(), losesJobs }),
    untilIdle,
    query,
    async verdict() {
      const [counts] = await query<{ jobs: string; runs: string; quarantined: string }>(`
        SELECT (SELECT count(*) FROM outbox)::text AS jobs, (SELECT count(*) FROM fault.run)::text AS runs,
          (SELECT count(*) FROM outbox WHERE state = 'failed' AND error_code = 'queue/quarantined')::text AS quarantined`);
      const lost = [
        ...(await findings(
          `SELECT kind || ' ' || id || ' is still ' || state AS text FROM outbox WHERE state NOT IN ${ENDED}`,
        )),
        // What fails must be meant to fail, or have taken three workers with it.
        ...(await findings(`
          SELECT kind || ' ' || id || ' failed: ' || error_code || ' ' || error_message AS text FROM outbox AS o
          WHERE state = 'failed' AND kind NOT IN ('fault-hopeless', 'fault-killer') AND NOT (
            error_code = 'queue/quarantined'
            AND (SELECT count(*) FROM job_run WHERE job_id = o.id AND replays = o.replays AND ended_at IS NULL) >= 3)`)),
        ...(await findings(`
          SELECT kind || ' ' || id || ' failed and has no dead letter' AS text FROM outbox
          WHERE state = 'failed' AND NOT EXISTS (SELECT FROM dead_letter WHERE job_id = outbox.id)`)),
        // Collapsed into a job that began before it was asked for: its work was never done.
        ...(await findings(`
          SELECT c.kind || ' ' || c.id || ' was collapsed into a job that did not cover it' AS text
          FROM outbox AS c LEFT JOIN outbox AS into_job ON into_job.id = c.result ->> 'collapsedInto'
          WHERE c.state = 'collapsed' AND (into_job.state IS DISTINCT FROM 'succeeded' OR NOT EXISTS (
            SELECT FROM fault.run WHERE job_id = into_job.id AND at >= c.created_at))`)),
        ...(await missingEffects()),
      ];
      const doubled = [
        ...(await findings(`
          SELECT 'job ' || job_id || ' ended ' || count(*) || ' times: ' || string_agg(becomes, ', ' ORDER BY t.seq) AS text
          FROM fault.transition AS t JOIN outbox ON outbox.id = job_id
          WHERE becomes IN ${ENDED} GROUP BY job_id, replays HAVING count(*) > 1 + replays`)),
        ...(await findings(`
          SELECT count(*) || ' measurements of ' || (labels ->> 'key') AS text
          FROM series JOIN measurement ON series_id = series.id WHERE stream = 'measure'
          GROUP BY labels ->> 'key' HAVING count(*) > 1`)),
        // A token lower than one before it: a run wrote that had lost its right.
        ...(await findings(`
          SELECT 'a stale run of ' || key || ' wrote: token ' || token || ' after ' || before AS text FROM (
            SELECT labels ->> 'key' AS key, value AS token, lag(value) OVER (PARTITION BY series_id, measurement.at ORDER BY revision) AS before
            FROM series JOIN measurement ON series_id = series.id WHERE stream = 'register') AS written
          WHERE token <= before`)),
        ...[...world.sink.received].flatMap(([key, count]) =>
          count > 1 ? [`message ${key} arrived ${count} times`] : [],
        ),
      ];
      return {
        jobs: Number(counts?.jobs ?? 0),
        runs: Number(counts?.runs ?? 0),
        quarantined: Number(counts?.quarantined ?? 0),
        lost,
        doubled,
        recoveries: await recoveries(),
      };
    },
    async close() {
      const open = client;
      client = null;
      await open?.end().catch(() => undefined);
    },
  };
}
