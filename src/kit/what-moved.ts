import { isLocalDate, type LocalDate, type Moved, type MovedFigure, movedBetween } from '../domain/index.ts';
import { PermanentError } from './errors.ts';
import { type FiguresAt, figuresAt } from './figures-at.ts';
import { nearest } from './nearest.ts';
import type { RoiSnapshot, Store } from './store/index.ts';

export interface WhatMovedRequest {
  project: string;
  /** A date (the last snapshot as of it or before) or the beginning of a snapshot's id; the one before `to` when absent. */
  from?: string | undefined;
  /** The same; the newest when absent. */
  to?: string | undefined;
  figure: MovedFigure;
}
/** A snapshot that was compared, and whether its inputs could be re-created to the last byte. */
export interface ComparedSnapshot {
  id: string;
  asOf: LocalDate;
  knownAtMs: number;
  engineVersion: string;
  inputsHash: string;
  isRecreated: boolean;
}
export interface WhatMoved extends Moved {
  project: string;
  snapshots: { from: ComparedSnapshot; to: ComparedSnapshot };
  /** What a reader should know about the comparison, for people. */
  notes: string[];
}

/**
 * What moved a figure of a project between two snapshots. Their inputs are re-created from what was recorded by then; their figures
 * are those that were published. Throws `not-found` for a project, snapshot or date that has none and for a figure that is not
 * known at an end, `usage` for an id that several snapshots begin with.
 */
export async function whatMoved(
  ports: Parameters<typeof figuresAt>[0],
  { project, from: fromText, to: toText, figure }: WhatMovedRequest,
): Promise<WhatMoved> {
  const { store } = ports;
  const newest = await store.snapshots.latest(project);
  if (newest === null) throw await withoutSnapshot(store, project);
  const to = toText === undefined ? newest : await snapshotOf(store, project, toText);
  const from =
    fromText === undefined ? await store.snapshots.before(to.id) : await snapshotOf(store, project, fromText);
  if (from === null)
    throw new PermanentError('not-found', `There is no snapshot of ${project} before the one as of ${to.asOf}.`, {
      hint: 'Two are needed to compare. Another one is made with the next data, or by `outturn recompute`.',
    });
  const [before, after] = [await recreate(ports, from), await recreate(ports, to)];
  const result = movedBetween(
    { input: before.input, outputs: from.outputs },
    { input: after.input, outputs: to.outputs },
    figure,
  );
  if (!result.comparable)
    throw new PermanentError('not-found', `What moved cannot be said: ${result.because}.`, {
      hint: 'Choose two snapshots in which the figure is known, or another figure.',
    });
  return {
    project,
    snapshots: { from: compared(from, before), to: compared(to, after) },
    ...result.moved,
    notes: [...noteOn(from, before), ...noteOn(to, after)],
  };
}

const recreate = (ports: Parameters<typeof figuresAt>[0], snapshot: RoiSnapshot): Promise<FiguresAt> =>
  figuresAt(ports, snapshot.projectId, { asOf: snapshot.asOf, knownAtMs: snapshot.knownAtMs });

function compared(snapshot: RoiSnapshot, figures: FiguresAt): ComparedSnapshot {
  const { id, asOf, knownAtMs, engineVersion, inputsHash } = snapshot;
  return { id, asOf, knownAtMs, engineVersion, inputsHash, isRecreated: figures.inputsHash === inputsHash };
}

function noteOn(snapshot: RoiSnapshot, figures: FiguresAt): string[] {
  if (figures.inputsHash === snapshot.inputsHash) return [];
  const engines =
    figures.versions.engine === snapshot.engineVersion
      ? 'its inputs are no longer what they were recorded as'
      : `engine ${snapshot.engineVersion} made it, engine ${figures.versions.engine} re-creates it`;
  return [
    `The snapshot ${snapshot.id.slice(0, 8)} as of ${snapshot.asOf} cannot be re-created to the last byte: ${engines}. Where that changes the figure, the difference stands under method.`,
  ];
}

/** So many snapshots that begin with the same characters are told. */
const SHOWN = 3;

async function snapshotOf(store: Store, project: string, text: string): Promise<RoiSnapshot> {
  if (isLocalDate(text)) {
    const found = await store.snapshots.lastUpTo(project, text);
    if (found !== null) return found;
    throw new PermanentError('not-found', `There is no snapshot of ${project} as of ${text} or before.`, {
      hint: `Its snapshots: \`outturn roi ${project} --history\`.`,
    });
  }
  const matches = (await store.snapshots.find(text.toLowerCase(), 20)).filter(({ projectId }) => projectId === project);
  const [first, ...others] = matches;
  if (first === undefined)
    throw new PermanentError('not-found', `There is no snapshot "${text}" of ${project}.`, {
      hint: `Give a date like 2026-09-30 or the beginning of an id: \`outturn roi ${project} --history\` lists them.`,
    });
  if (others.length === 0 || first.id === text) return first;
  const ids = matches.slice(0, SHOWN).map(({ id }) => id);
  throw new PermanentError('usage', `Several snapshots of ${project} begin with "${text}".`, {
    hint: `Give more of the id: ${ids.join(', ')}${matches.length > SHOWN ? ' …' : ''}`,
  });
}

async function withoutSnapshot(store: Store, project: string): Promise<PermanentError> {
  const ids = (await store.projects.list()).map(({ id }) => id);
  if (ids.includes(project))
    return new PermanentError('not-found', `There is no snapshot of ${project} yet.`, {
      hint: '`outturn pull --all` brings data, `outturn recompute` computes.',
    });
  const meant = nearest(project, ids);
  return new PermanentError('not-found', `There is no project "${project}".`, {
    hint: meant === null ? `Known projects: ${ids.slice(0, 20).join(', ') || 'none'}.` : `Did you mean ${meant}?`,
  });
}
