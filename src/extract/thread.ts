/** What runs in each thread: one JSONata evaluation at a time. */
import { parentPort, workerData } from 'node:worker_threads';
import jsonata from 'jsonata';
// Not the whole kit: a thread is to be there at once.
import { parseFaithfulJson } from '../kit/exact-json.ts';
import type { Bounds } from './bounds.ts';
import { refusedFunctions } from './functions.ts';
import { type ExpressionProblem, problemOf } from './syntax.ts';

export interface Task {
  expression: string;
  body: string;
  bindings: Record<string, unknown>;
}
export type Answer =
  /** `result`: JSON, null where the expression gives nothing. */
  { kind: 'result'; result: string | null } | { kind: 'not-json' } | ({ kind: 'problem' } & ExpressionProblem);

/** Compiled ones are kept: a stream asks for the same few again and again. */
const MOST_COMPILED = 200;
const compiled = new Map<string, jsonata.Expression>();

function compile(expression: string, bounds: Bounds): jsonata.Expression {
  const known = compiled.get(expression);
  if (known !== undefined) return known;
  const fresh = jsonata(expression, { stack: bounds.depth, sequence: bounds.sequenceItems });
  for (const [name, message] of Object.entries(refusedFunctions))
    fresh.registerFunction(name, () => {
      throw new Error(message);
    });
  if (compiled.size >= MOST_COMPILED) compiled.clear();
  compiled.set(expression, fresh);
  return fresh;
}

async function evaluate({ expression, body, bindings }: Task, bounds: Bounds): Promise<Answer> {
  let document: unknown;
  try {
    document = parseFaithfulJson(body);
  } catch {
    return { kind: 'not-json' };
  }
  try {
    const value: unknown = await compile(expression, bounds).evaluate(document, bindings);
    const result = value === undefined || typeof value === 'function' ? null : (JSON.stringify(value) ?? null);
    if (result !== null && result.length > bounds.resultCharacters)
      return { kind: 'problem', message: `it gives more than ${bounds.resultCharacters} characters`, position: null };
    return { kind: 'result', result };
  } catch (thrown) {
    return { kind: 'problem', ...problemOf(thrown) };
  }
}

// What one expression does to the prototypes would change what the next one finds.
Reflect.deleteProperty(Object.prototype, '__proto__');
for (const shared of [Object, Array, Function, String, Number, Boolean, RegExp, Date, Promise, Map, Set])
  Object.preventExtensions(shared.prototype);

const bounds = workerData as Bounds;
parentPort?.on('message', (task: Task) => {
  void evaluate(task, bounds).then((answer) => parentPort?.postMessage(answer));
});
parentPort?.postMessage('ready');
