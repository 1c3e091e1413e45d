/** Replaces every known secret in a text. Secrets become known when the configuration is resolved. */
export interface Redactor {
  add(secret: string): void;
  text(input: string): string;
}

const MASK = '[redacted]';
/** Shorter strings would mask ordinary words. */
const MIN_SECRET_LENGTH = 4;

/** Masks the secrets themselves, their URL- and form-encoded and their Base64 forms (whole and as `user:secret`). */
export function createRedactor(initial: Iterable<string> = []): Redactor {
  const secrets = new Set<string>();
  let ordered: string[] = [];
  const add = (secret: string): void => {
    if (secret.length < MIN_SECRET_LENGTH) return;
    for (const form of [
      secret,
      encodeURIComponent(secret),
      new URLSearchParams({ '': secret }).toString().slice(1),
      Buffer.from(secret).toString('base64'),
      JSON.stringify(secret).slice(1, -1),
    ])
      secrets.add(form);
    ordered = [...secrets].sort((a, b) => b.length - a.length);
  };
  for (const secret of initial) add(secret);
  return {
    add,
    text(input) {
      let output = input;
      for (const secret of ordered) output = output.replaceAll(secret, MASK);
      return output;
    },
  };
}
