import { nearest } from '#kit';
import { knownFunctions, refusedFunctions } from './functions.ts';

export interface UnknownFunction {
  /** What is wrong, with the name as it is written. */
  message: string;
  /** Characters of the expression before the name. */
  position: number;
  /** The function that was probably meant, `$sum`. */
  suggestion: string | null;
}

/**
 * Functions that an expression calls and that neither JSONata has nor the expression itself makes, in the order of the
 * text. Takes the tree that the library made of it. A name that is bound anywhere in the expression counts as bound.
 */
export function unknownFunctions(tree: unknown): UnknownFunction[] {
  const called = new Map<number, string>();
  const bound = new Set<string>();
  const seen = new Set<object>();
  // A list in place of recursion: an expression may be nested as deeply as the library reads it.
  const open: unknown[] = [tree];
  while (open.length > 0) {
    const node = open.pop();
    if (typeof node !== 'object' || node === null || seen.has(node)) continue;
    seen.add(node);
    open.push(...Object.values(node));
    const { type, procedure, lhs, rhs, arguments: parameters, focus, index } = node as Fields;
    // `items@$item#$place` binds two names on its way.
    for (const name of [focus, index]) if (typeof name === 'string') bound.add(name);
    if (type === 'bind') bound.add(variableOf(lhs)?.name ?? '');
    if (type === 'lambda' && Array.isArray(parameters))
      for (const parameter of parameters) bound.add(variableOf(parameter)?.name ?? '');
    const call = type === 'apply' ? variableOf(rhs) : variableOf(procedure);
    if (call !== null && call.name !== '' && call.name !== '$') called.set(call.position, call.name);
  }
  return [...called]
    .sort(([left], [right]) => left - right)
    .filter(([, name]) => !bound.has(name) && !knownFunctions.includes(name))
    .map(([position, name]) => {
      if (Object.hasOwn(refusedFunctions, name))
        return { message: refusedFunctions[name] ?? '', position, suggestion: null };
      const meant = nearest(name, knownFunctions);
      const suggestion = meant === null ? null : `$${meant}`;
      return { message: `there is no function $${name}`, position, suggestion };
    });
}

type Fields = Readonly<Record<string, unknown>>;

function variableOf(node: unknown): { name: string; position: number } | null {
  if (typeof node !== 'object' || node === null) return null;
  const { type, value, position } = node as Fields;
  if (type !== 'variable' || typeof value !== 'string' || typeof position !== 'number') return null;
  // The library counts to the end of the name.
  return { name: value, position: Math.max(0, position - value.length - 1) };
}
