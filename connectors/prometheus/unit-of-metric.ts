const UNIT_WORDS: Readonly<Record<string, string>> = {
  seconds: 's',
  milliseconds: 'ms',
  bytes: 'bytes',
  ratio: 'ratio',
  joules: 'J',
  grams: 'g',
  percent: '%',
};

/** The unit that a scrape declared (OpenMetrics `# UNIT`), else the one that naming conventions put at the end of a name; null: neither. */
export function unitOfMetric(name: string, declared: string): string | null {
  if (declared !== '') return UNIT_WORDS[declared] ?? declared;
  const word = /_([a-z]+?)(?:_total|_sum)?$/.exec(name)?.[1];
  return word === undefined ? null : (UNIT_WORDS[word] ?? null);
}
