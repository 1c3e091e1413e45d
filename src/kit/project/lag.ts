import { z } from 'zod';

export interface Lag {
  months: number;
  days: number;
}

const LAG = /^(?=\d)(?:(\d{1,3})mo)?\s*(?:(\d{1,3})w)?\s*(?:(\d{1,4})d)?$/;
/** `2mo`, `14d`, `2w`, `1mo14d`; null where it is none. */
export function parseLag(text: string): Lag | null {
  const match = LAG.exec(text.trim());
  if (match === null) return null;
  const [months, weeks, days] = match.slice(1).map((part) => Number(part ?? 0));
  return { months: months ?? 0, days: (weeks ?? 0) * 7 + (days ?? 0) };
}

const EXPECTED = 'expected a time in months, weeks or days such as 2mo, 2w or 14d';
export const lagField: z.ZodType<Lag, string> = z
  .string({ error: EXPECTED })
  .transform((text, ctx): Lag => {
    const lag = parseLag(text);
    if (lag !== null) return lag;
    ctx.addIssue({ code: 'custom', message: EXPECTED });
    return z.NEVER;
  })
  .meta({
    description: 'So long after the deliverable: calendar months (`2mo`), weeks (`2w`), days (`14d`).',
    examples: ['2mo', '14d'],
  });
