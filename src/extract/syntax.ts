import jsonata from 'jsonata';
import { unknownFunctions } from './unknown-functions.ts';

/** Longer ones are no expressions that a person wrote. */
const MOST_CHARACTERS = 20_000;

export interface ExpressionProblem {
  /** What is wrong, in the library's words: `Expected ")", got "]"`. */
  message: string;
  /** Characters of the expression before the place; null: unknown. */
  position: number | null;
}

/** What is wrong with a JSONata expression: its grammar, else each function that is not there. Evaluates nothing. */
export function checkExpression(expression: string): (ExpressionProblem & { suggestion: string | null })[] {
  if (expression.length > MOST_CHARACTERS)
    return [{ message: `longer than ${MOST_CHARACTERS} characters`, position: null, suggestion: null }];
  try {
    return unknownFunctions(jsonata(expression).ast());
  } catch (thrown) {
    return [{ ...problemOf(thrown), suggestion: null }];
  }
}

/** The library throws plain objects as well as errors. */
export function problemOf(thrown: unknown): ExpressionProblem {
  const found = typeof thrown === 'object' && thrown !== null ? thrown : {};
  const message = 'message' in found && typeof found.message === 'string' ? found.message : 'it cannot be evaluated';
  const position = 'position' in found && typeof found.position === 'number' ? found.position : null;
  if (!(thrown instanceof RangeError)) return { message, position };
  return {
    message: /call stack/.test(message) ? 'it is nested too deeply' : 'it makes a text or list that is too long',
    position,
  };
}
