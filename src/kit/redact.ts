/** Replaces every known secret in a text. Secrets become known when the configuration is resolved. */
export interface Redactor {
  add(secret: string): void;
  /** For tokens, which are many in a process that runs for months: known until it is forgotten. */
  addTransient(secret: string): void;
  /** Forgets what was made known by `addTransient` alone. */
  forget(secret: string): void;
  text(input: string): string;
}

const MASK = '[redacted]';
/** Shorter strings would mask ordinary words. */
const MIN_SECRET_LENGTH = 4;

/** The secret itself, its URL- and form-encoded, its Base64 and its JSON form. */
const formsOf = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret.toWellFormed()),
  new URLSearchParams({ '': secret }).toString().slice(1),
  Buffer.from(secret).toString('base64'),
  JSON.stringify(secret).slice(1, -1),
];

/** Masks the secrets themselves, their URL- and form-encoded and their Base64 forms (whole and as `user:secret`). */
export function createRedactor(initial: Iterable<string> = []): Redactor {
  const secrets = new Set<string>();
  const transient = new Map<string, string[]>();
  /** Null: made anew when a text comes, for thousands may be added at once. */
  let mask: ((text: string) => string) | null = null;
  const changed = (): void => {
    mask = null;
  };
  const add = (secret: string): void => {
    if (secret.length < MIN_SECRET_LENGTH) return;
    for (const form of formsOf(secret)) secrets.add(form);
    changed();
  };
  for (const secret of initial) add(secret);
  return {
    add,
    addTransient(secret) {
      if (secret.length < MIN_SECRET_LENGTH || transient.has(secret)) return;
      transient.set(secret, formsOf(secret));
      changed();
    },
    forget(secret) {
      if (transient.delete(secret)) changed();
    },
    text(input) {
      mask ??= maskOf(new Set([...secrets, ...[...transient.values()].flat()]));
      return mask(input);
    },
  };
}

/** So many are searched for one after the other: that is fastest as long as they are few. */
const FEW = 200;

function maskOf(forms: ReadonlySet<string>): (text: string) => string {
  const ordered = [...forms].sort((a, b) => b.length - a.length);
  if (ordered.length <= FEW) return (text) => ordered.reduce((output, form) => output.replaceAll(form, MASK), text);
  // Secrets that begin alike are told apart by their lengths, the longest first: each length is one look-up.
  const lengths = new Map<string, Set<number>>();
  for (const form of ordered) {
    const start = form.slice(0, MIN_SECRET_LENGTH);
    const known = lengths.get(start) ?? new Set();
    lengths.set(start, known.add(form.length));
  }
  return (text) => maskIndexed(text, forms, lengths);
}

/** One pass over the text; what overlaps is masked as one. */
function maskIndexed(
  text: string,
  forms: ReadonlySet<string>,
  lengths: ReadonlyMap<string, ReadonlySet<number>>,
): string {
  let output = '';
  let copied = 0;
  let maskedTo = 0;
  for (let at = 0; at + MIN_SECRET_LENGTH <= text.length; at += 1) {
    const possible = lengths.get(text.slice(at, at + MIN_SECRET_LENGTH));
    if (possible === undefined) continue;
    const length = [...possible].find((each) => at + each <= text.length && forms.has(text.slice(at, at + each)));
    if (length === undefined) continue;
    if (at >= maskedTo) output += text.slice(copied, at) + MASK;
    maskedTo = Math.max(maskedTo, at + length);
    copied = maskedTo;
  }
  return output + text.slice(copied);
}
