import type { ReplayChange, ReplayCounts } from './store/replays.ts';

export interface ReplayRequest {
  connector: string;
  stream: string;
  /** Of the data: samples that begin, lines that are posted, rates that are of [from, to). Null: no bound. */
  fromMs: number | null;
  toMs: number | null;
  /** Only what this pull has the newest observation of; null: all pulls of the stream that touch the window. */
  pullId: string | null;
  /**
   * Reads the pages of pulls from before the stream began to ask something else, too. Right only where what changed is how
   * answers are read (a column, a unit, a decimal sign), not what is asked.
   */
  earlier?: boolean;
  /** Stores what differs. False: writes nothing that counts. */
  apply: boolean;
  /** With `apply`: samples that the parser no longer gives become missing. */
  withdraw: boolean;
  /** At most so many changes and problems are given back; all are counted. */
  limit: number;
}
/** A page, or a whole pull, that could not be read again. */
export interface ReplayProblem {
  pullId: string;
  /** Null: of all its pages. */
  seq: number | null;
  sha256: string | null;
  code: string;
  message: string;
}
export interface ReplayResult {
  connector: string;
  stream: string;
  fromMs: number | null;
  toMs: number | null;
  pulls: number;
  pages: number;
  /** Of these, which retention removed, and between when; null: none. They are not read, and that is no problem. */
  removed: { pages: number; firstAtMs: number; lastAtMs: number } | null;
  /**
   * How the stream was defined when these pulls asked, newest first; `version` null: not noted. What is not today's may give other
   * figures for that reason alone, not because of the parser.
   */
  definitions: { version: string | null; isToday: boolean; pulls: number }[];
  /** Pulls of that window from before the stream began to ask something else; read only where `earlier` asked for it. */
  earlier: { pulls: number; sinceMs: number } | null;
  /** Since when another definition is in force, where the stream was edited and not applied; null: it is as applied. */
  notInForce: { sinceMs: number } | null;
  /** What the parser gave, repeats included. */
  rows: number;
  counts: ReplayCounts;
  /** Revisions first, then inserts, then what vanished. */
  changes: ReplayChange[];
  problems: ReplayProblem[];
  problemCount: number;
  /** Null: nothing was to be applied. */
  applied: { inserted: number; revisions: number; withdrawn: number; projects: string[] } | null;
}

/** Reads archived pages again with today's parser and options; asks no source, moves no watermark. */
export interface Replays {
  /** Throws `config/unknown-reference`, `config/not-applied` (to apply by a definition that is not in force), and `queue/cancelled` when `signal` aborts; what was applied until then stays. */
  replay(
    request: ReplayRequest,
    context: { signal: AbortSignal; progress(pages: number): void },
  ): Promise<ReplayResult>;
}
