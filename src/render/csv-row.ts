export const columns = [
  'record',
  'project',
  'snapshot',
  'engine_version',
  'inputs_hash',
  'as_of',
  'currency',
  'metric',
  'name',
  'unit',
  'from',
  'to',
  'status',
  'actual',
  'counterfactual',
  'exposure',
  'rate',
  'gross',
  'benefit',
  'amount',
  'received',
  'expected',
  'revision',
  'source',
  'note',
] as const;
export type CsvRow = Partial<Record<(typeof columns)[number], string | number | null>>;

/** `oneOff` → `one_off`. */
export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
