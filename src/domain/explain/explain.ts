import type { RoiInput } from '../value/input.ts';
import type { RoiOutputs } from '../value/outputs.ts';
import { explainFigure, scopeOf } from './explain-figures.ts';
import { explainMetric } from './explain-metric.ts';
import { explainedFigures, isExplainedFigure, metricPath } from './figure-names.ts';
import type { ExplainNode } from './node.ts';

/** Paths that `explain` takes first: figures, then metrics. */
export function explainablePaths(input: RoiInput): string[] {
  return [...explainedFigures, ...input.project.metrics.map(({ id }) => metricPath(id))];
}

/** The node at a path (`roi`, `failures`, `failures/2026-07-01`, `cost/4711`), whole below; null where there is none. */
export function explainAt(input: RoiInput, outputs: RoiOutputs, path: string): ExplainNode | null {
  const [head = ''] = path.split('/');
  const root = isExplainedFigure(head) ? explainFigure(input, outputs, head) : metricNode(input, outputs, head);
  return root && find(root, path);
}

function metricNode(input: RoiInput, outputs: RoiOutputs, head: string): ExplainNode | null {
  const id = head.replace(/^metric:/, '');
  const definition = input.project.metrics.find((metric) => metric.id === id);
  const output = outputs.metrics.find(({ metricId }) => metricId === id);
  return definition && output ? explainMetric(scopeOf(input), definition, output) : null;
}

function find(root: ExplainNode, path: string): ExplainNode | null {
  if (root.path === path) return root;
  for (const child of root.children) {
    const found = find(child, path);
    if (found !== null) return found;
  }
  return null;
}
