/** What moved a figure between two snapshots, by exact Shapley values. */
export { FIGURES as movedFigureRules, MOVED_FIGURES as movedFigures, type MovedFigure } from './figures.ts';
export * from './moved.ts';
export { PLAYERS as movedCauses, type Player as MovedCause } from './players.ts';
