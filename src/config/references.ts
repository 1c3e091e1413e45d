import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { type ErrorCode, SECRET_NAME, SECRET_NAME_RULE, type SecretLookup, type Unreadable } from '#kit';
import { nearMiss, quote } from './problems.ts';

/** A secret is a line or a key, never a book. */
const MAX_REFERENCED_FILE_BYTES = 64 * 1024;
/** In all files together. A fleet of two thousand connectors has some six thousand. */
const MAX_REFERENCES = 20_000;
/** Reading so many takes a tenth of a second. */
const MAX_REFERENCED_FILES = 1_000;
/** What the texts with references come to, in all files together: one file of 64 KiB may be named again and again. */
const MAX_RESOLVED_CHARACTERS = 8 * 1024 * 1024;
/** Each mistyped name is compared with all variables. */
const MAX_SUGGESTIONS = 1_000;

export interface ResolvedText {
  text: string;
  /** Something came from outside the YAML. */
  interpolated: boolean;
  /** What came from outside; never to be shown. */
  secrets: string[];
  problems: { code: ErrorCode; message: string; suggestion: string | null }[];
  /**
   * Each `${secret:}` of it that is rightly written; with `missing: 'stops'` also what else is not there, named as it
   * stands in the braces (`env:NAME`).
   */
  stored: { name: string; unreadable: Unreadable | null }[];
  /** A secret in it was not looked up, or cannot be had: the text says nothing about the value. */
  pending: boolean;
  /** A limit of all references together was reached, here or before: the text is not to be used. */
  givenUp: boolean;
}

/**
 * What becomes of a reference to what is not there: a variable that is not set, an absent file, a secret that nobody has
 * set. `problem`: an error. `stops`: what it belongs to cannot be used. `counts`: it counts as there, its value is unknown.
 */
export type MissingReferences = 'problem' | 'stops' | 'counts';
const MISSING: readonly ErrorCode[] = ['config/missing-variable', 'config/unreadable-file', 'config/missing-secret'];

/** Stands where the value of a secret is not known; never sent anywhere. */
const NOT_KNOWN = 'secret-not-known';

/** Resolves the references of one string. Must not throw. */
export type ReferenceResolver = (source: string) => Promise<ResolvedText>;

type Lookup =
  | {
      ok: true;
      value: string;
      outside: boolean;
      stored?: { name: string; unreadable: Unreadable | null; known: boolean };
    }
  | { ok: false; code: ErrorCode; message: string; suggestion: string | null };

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const VARIABLE = /^env:([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;

/**
 * `${env:NAME}`, `${env:NAME:-default}`, `${file:path}` and `${secret:NAME}` anywhere in a string; `$${` is a literal
 * `${`. An unset or empty variable takes the default and without one is a problem. What a file, variable or secret holds
 * is not looked into for further references. Without `lookUp` a secret counts as present and its value as unknown.
 */
export function createReferenceResolver(input: {
  directory: string;
  env: Readonly<Record<string, string | undefined>>;
  lookUp?: SecretLookup | undefined;
  missing?: MissingReferences | undefined;
}): ReferenceResolver {
  const files = new Map<string, Promise<Lookup>>();
  const names = Object.keys(input.env);
  const limits = new ReferenceLimits();
  const lookUp = async (expression: string): Promise<Lookup> => {
    const variable = VARIABLE.exec(expression);
    if (variable !== null)
      return readVariable(input.env, limits.maySuggest() ? names : [], variable[1] ?? '', variable[2]);
    if (expression.startsWith('file:') && expression.length > 5) {
      const name = expression.slice(5);
      const cached = files.get(name) ?? readReferencedFile(input.directory, name);
      files.set(name, cached);
      return cached;
    }
    if (expression.startsWith('secret:')) return await readSecret(expression.slice(7), input.lookUp);
    return {
      ok: false,
      code: 'config/invalid-value',
      // The expression itself is left out: a password may well contain "${".
      message:
        'not a reference: write ${env:NAME}, ${env:NAME:-default}, ${file:path} or ${secret:NAME}, and $${ for a literal ${',
      suggestion: null,
    };
  };

  return async (source) => {
    const resolved: ResolvedText = {
      text: source,
      interpolated: false,
      secrets: [],
      problems: [],
      stored: [],
      pending: false,
      givenUp: false,
    };
    if (!source.includes('${')) return resolved;
    const giveUp = (): ResolvedText => {
      const message = limits.sayOnce();
      // First: what else is missing may be more than is shown.
      if (message !== null) resolved.problems.unshift({ code: 'config/invalid-value', message, suggestion: null });
      return { ...resolved, givenUp: true };
    };
    if (limits.isReached) return giveUp();
    let text = '';
    let position = 0;
    for (const match of source.matchAll(REFERENCE)) {
      text += source.slice(position, match.index);
      position = match.index + match[0].length;
      if (match[1] === undefined) {
        text += '${';
        continue;
      }
      if (!limits.admits(match[1], files)) return giveUp();
      const found = await lookUp(match[2] === '}' ? match[1] : '');
      if (!found.ok) {
        if (!MISSING.includes(found.code) || (input.missing ?? 'problem') === 'problem') {
          resolved.problems.push(found);
          continue;
        }
        text += NOT_KNOWN;
        resolved.interpolated = true;
        resolved.pending = true;
        const name = (match[1] ?? '').replace(/^secret:/, '');
        if (input.missing === 'stops') resolved.stored.push({ name, unreadable: missingAs(found) });
        continue;
      }
      if (!limits.holds(found.value.length)) return giveUp();
      text += found.value;
      resolved.interpolated = true;
      if (found.stored !== undefined) {
        resolved.stored.push({ name: found.stored.name, unreadable: found.stored.unreadable });
        if (!found.stored.known) resolved.pending = true;
      }
      if (found.outside && found.value !== '') resolved.secrets.push(found.value);
    }
    resolved.text = text + source.slice(position);
    return resolved;
  };
}

/** What all references of a configuration may come to. */
class ReferenceLimits {
  #references = 0;
  #characters = 0;
  #suggestions = 0;
  #reached: string | null = null;
  #isSaid = false;

  get isReached(): boolean {
    return this.#reached !== null;
  }

  /** Counts a reference before it is looked up. */
  admits(expression: string, files: ReadonlyMap<string, unknown>): boolean {
    this.#references += 1;
    if (this.#references > MAX_REFERENCES)
      this.#reached = `the configuration has more than ${MAX_REFERENCES.toLocaleString('en')} references (\${…})`;
    else if (expression.startsWith('file:') && files.size >= MAX_REFERENCED_FILES && !files.has(expression.slice(5)))
      this.#reached = `the configuration refers to more than ${MAX_REFERENCED_FILES.toLocaleString('en')} files (\${file:…})`;
    return this.#reached === null;
  }

  /** Counts what a reference gave. */
  holds(characters: number): boolean {
    this.#characters += characters;
    if (this.#characters > MAX_RESOLVED_CHARACTERS)
      this.#reached = 'what the references (${…}) of the configuration give is more than 8 MiB altogether';
    return this.#reached === null;
  }

  maySuggest(): boolean {
    this.#suggestions += 1;
    return this.#suggestions <= MAX_SUGGESTIONS;
  }

  /** Said where a limit was reached first; null afterwards. */
  sayOnce(): string | null {
    if (this.#isSaid) return null;
    this.#isSaid = true;
    return this.#reached;
  }
}

function missingAs({ code, message, suggestion }: Lookup & { ok: false }): Unreadable {
  const meant = suggestion === null ? '' : `Did you mean ${suggestion}? `;
  const hint = `${meant}A process that runs already must be started again to see it; \`outturn validate\` names all that is missing.`;
  return { code, message, hint, isMissing: true };
}

function readVariable(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
  name: string,
  fallback: string | undefined,
): Lookup {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value !== undefined && value !== '') return { ok: true, value, outside: true };
  if (fallback !== undefined) return { ok: true, value: fallback, outside: false };
  return {
    ok: false,
    code: 'config/missing-variable',
    message:
      value === undefined
        ? `the environment variable ${name} is not set; set it, or write \${env:${name}:-default}`
        : `the environment variable ${name} is empty; set it, or write \${env:${name}:-} to allow that`,
    suggestion: value === undefined ? nearMiss(name, names) : null,
  };
}

async function readSecret(name: string, lookUp: SecretLookup | undefined): Promise<Lookup> {
  if (!SECRET_NAME.test(name))
    // What stands there may be the secret itself.
    return {
      ok: false,
      code: 'config/invalid-value',
      message: `\${secret:NAME} takes a name: ${SECRET_NAME_RULE}`,
      suggestion: null,
    };
  const notKnown = (unreadable: Unreadable | null): Lookup => ({
    ok: true,
    value: NOT_KNOWN,
    outside: false,
    stored: { name, unreadable, known: false },
  });
  if (lookUp === undefined) return notKnown(null);
  const answer = await lookUp(name);
  if (answer.state === 'known')
    return { ok: true, value: answer.value, outside: true, stored: { name, unreadable: null, known: true } };
  if (answer.state === 'unreadable') return notKnown({ code: answer.code, message: answer.message, hint: answer.hint });
  return {
    ok: false,
    code: 'config/missing-secret',
    message: `the secret ${name} is not set; \`outturn secret set ${name}\` sets it`,
    suggestion: answer.suggestion,
  };
}

async function readReferencedFile(directory: string, name: string): Promise<Lookup> {
  const fail = (message: string): Lookup => ({ ok: false, code: 'config/unreadable-file', message, suggestion: null });
  const where = `\${file:} ${quote(name)}`;
  if (name.includes('\0')) return fail('${file:} names a path with a NUL character');
  try {
    const real = await realpath(path.resolve(directory, name));
    // Absolute paths are for mounted secrets (/run/secrets/…); a relative one that climbs out is a slip or an attack.
    if (!path.isAbsolute(name) && !isInside(await realpath(directory), real))
      return fail(`${where} leaves the configuration folder; write an absolute path for a file outside it`);
    // Non-blocking: a named pipe without a writer must not hold up the start.
    const handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) return fail(`${where} is not a regular file`);
      if (stats.size > MAX_REFERENCED_FILE_BYTES) return fail(`${where} is larger than 64 KiB`);
      const content = new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
      return { ok: true, value: content.replace(/(\r?\n)+$/, ''), outside: true };
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    return fail(`${where} cannot be read: ${describeFileError(thrown)}`);
  }
}

const isInside = (directory: string, file: string): boolean => {
  const relative = path.relative(directory, file);
  return relative !== '' && relative !== '..' && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
};

const FILE_ERRORS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of the path is not a folder',
  ELOOP: 'symbolic links run in a circle',
  ENAMETOOLONG: 'the path is too long',
};

/** Why a file could not be read, for people. */
export function describeFileError(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8 text';
  return FILE_ERRORS[code] ?? (code === '' ? 'unknown reason' : code);
}
