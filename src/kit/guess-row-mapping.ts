/** A field of a business table, as far as a stream to begin with needs to know it. */
export interface TableField {
  name: string;
  type: 'date' | 'datetime' | 'number' | 'text' | 'link';
}

/** The field whose name says most clearly what it is; the patterns come best first. */
function pick(fields: readonly TableField[], ...patterns: RegExp[]): TableField | undefined {
  for (const pattern of patterns) {
    const found = fields.find((field) => pattern.test(field.name));
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Measurements of a table to begin with, null where it has no date or no number that says something: the field names are
 * real, what they mean is a guess for a person to check. `key` makes each row a series of its own, so that rows of one day
 * add up.
 */
export function guessMeasurements(
  fields: readonly TableField[],
  key: string,
): { measurements: Record<string, unknown> } | null {
  const ofType = (...types: TableField['type'][]) =>
    fields.filter(({ name, type }) => types.includes(type) && !/^(create|write)_date$/.test(name));
  const at = pick(
    ofType('date', 'datetime'),
    /^(posting_)?date$/i,
    /date_start|start_date|from_time/i,
    /(^|_)date(_|$)/i,
  );
  const value = pick(
    ofType('number'),
    /^(unit_amount|hours|amount|duration|quantity|qty)$/i,
    /amount|hours|total|qty/i,
  );
  if (at === undefined || value === undefined) return null;
  const group = pick(ofType('link'), /project/i, /account|cost_cent|employee|team/i);
  return {
    measurements: {
      at: at.name,
      covers: at.type === 'date' ? '1d' : '0s',
      value: value.name,
      unit: /hours/i.test(value.name) ? 'h' : 'units',
      labels: [...(group === undefined ? [] : [group.name]), key],
      timeZone: 'UTC',
    },
  };
}
