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
  let ordered: string[] = [];
  const order = (): void => {
    const forms = new Set([...secrets, ...[...transient.values()].flat()]);
    ordered = [...forms].sort((a, b) => b.length - a.length);
  };
  const add = (secret: string): void => {
    if (secret.length < MIN_SECRET_LENGTH) return;
    for (const form of formsOf(secret)) secrets.add(form);
    order();
  };
  for (const secret of initial) add(secret);
  return {
    add,
    addTransient(secret) {
      if (secret.length < MIN_SECRET_LENGTH || transient.has(secret)) return;
      transient.set(secret, formsOf(secret));
      order();
    },
    forget(secret) {
      if (transient.delete(secret)) order();
    },
    text(input) {
      let output = input;
      for (const secret of ordered) output = output.replaceAll(secret, MASK);
      return output;
    },
  };
}
