import { asRecord, badShapeWith, shownValue } from '#kit';

export const badShape = badShapeWith('Check that url leads to Grafana, without /api at its end.');

export interface Field {
  name: string;
  /** `time`, `number`, `string`, `boolean` … */
  type: string;
  labels: Record<string, string>;
  /** As Grafana writes units: `ms`, `percentunit`; null: none. */
  unit: string | null;
  values: readonly unknown[];
  /** Positions of what JSON cannot say: NaN and the infinities, which are null among the values. */
  oddities: ReadonlySet<number>;
}
export interface Frame {
  name: string;
  fields: Field[];
  /** Remarks of the data source, such as that series were left out. */
  notices: { severity: string; text: string }[];
}

/** The data frames of `results.A` (schema and columns). Throws `source/bad-shape` naming the place. */
export function readFrames(result: Record<string, unknown>, place: string): Frame[] {
  const frames = result['frames'] ?? [];
  if (!Array.isArray(frames)) throw badShape(`${place}: frames is ${shownValue(frames)}, not a list`);
  return frames.map((item, index) => readFrame(item, `${place}: frame ${index + 1}`));
}

function readFrame(item: unknown, place: string): Frame {
  const frame = asRecord(item);
  const schema = asRecord(frame?.['schema']);
  const data = asRecord(frame?.['data']);
  const fields = schema?.['fields'];
  // A frame without rows may have no data at all.
  const columns = data?.['values'] ?? [];
  if (schema === null || !Array.isArray(fields) || !Array.isArray(columns))
    throw badShape(`${place} has no schema with fields and values`);
  if (columns.length !== 0 && columns.length !== fields.length)
    throw badShape(`${place} has ${columns.length} columns for ${fields.length} fields`);
  const lengths = new Set(columns.map((column) => (Array.isArray(column) ? column.length : -1)));
  if (lengths.size > 1 || lengths.has(-1)) throw badShape(`${place} has columns that are not of one length`);
  const entities = Array.isArray(data?.['entities']) ? data['entities'] : [];
  const name = typeof schema['name'] === 'string' ? schema['name'] : '';
  return {
    name,
    fields: fields.map((each, index) =>
      readField(each, columns[index], entities[index], `${place}, field ${index + 1}`),
    ),
    notices: noticesOf(asRecord(schema['meta'])?.['notices']),
  };
}

function readField(item: unknown, column: unknown, entity: unknown, place: string): Field {
  const field = asRecord(item);
  const type = field?.['type'];
  if (field === null || typeof type !== 'string') throw badShape(`${place} has no type`);
  const labels = asRecord(field['labels'] ?? {});
  if (labels === null || !Object.values(labels).every((label) => typeof label === 'string'))
    throw badShape(`${place} has a label that is no text`);
  const unit = asRecord(field['config'])?.['unit'];
  return {
    name: typeof field['name'] === 'string' ? field['name'] : '',
    type,
    labels: labels as Record<string, string>,
    unit: typeof unit === 'string' && unit !== '' ? unit : null,
    values: Array.isArray(column) ? column : [],
    oddities: new Set(
      ['NaN', 'Inf', 'NegInf'].flatMap((name) => {
        const positions = asRecord(entity)?.[name];
        return Array.isArray(positions) ? positions.filter((at) => typeof at === 'number') : [];
      }),
    ),
  };
}

function noticesOf(notices: unknown): Frame['notices'] {
  if (!Array.isArray(notices)) return [];
  return notices.slice(0, 20).flatMap((item) => {
    const text = asRecord(item)?.['text'];
    const severity = asRecord(item)?.['severity'];
    return typeof text === 'string'
      ? [{ severity: typeof severity === 'string' ? severity : 'info', text: text.slice(0, 300) }]
      : [];
  });
}
