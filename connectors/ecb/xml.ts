import { XMLParser } from 'fast-xml-parser';
import { PermanentError } from '#kit';
import type { RawRate } from './raw-rate.ts';

type Node = Record<string, unknown>;

const HINT = 'Expected Envelope > Cube > Cube time="…" > Cube currency="…" rate="…".';

/**
 * Rates of `eurofxref-*.xml`. A document type is refused and entities are left alone: neither other files nor ever longer
 * texts can be drawn in. Throws `source/bad-shape`.
 */
export function readXml(text: string, file: string): RawRate[] {
  if (/<!(DOCTYPE|ENTITY)/i.test(text))
    throw new PermanentError('source/bad-shape', `${file} declares a document type, which files of rates never do`, {
      hint: HINT,
    });
  let document: unknown;
  try {
    document = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: '@',
      removeNSPrefix: true,
      parseTagValue: false,
      parseAttributeValue: false,
      processEntities: false,
      isArray: (name) => name === 'Cube',
    }).parse(text, true);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.split('\n')[0] : 'cannot be read';
    throw new PermanentError('source/bad-shape', `${file} is not well-formed XML: ${reason}`, { cause: thrown });
  }
  const days = cubes(document, 'Envelope').flatMap((outer) => cubes({ outer }, 'outer'));
  if (days.length === 0)
    throw new PermanentError('source/bad-shape', `${file} has no Cube with dates in it`, { hint: HINT });
  return days.flatMap((day, index) => {
    const date = attribute(day, 'time');
    if (date === null)
      throw new PermanentError('source/bad-shape', `${file}: Cube ${index + 1} has no time`, { hint: HINT });
    const place = `${file}, ${date}`;
    const rates = cubes({ day }, 'day');
    if (rates.length === 0) throw new PermanentError('source/bad-shape', `${place}: no rates`, { hint: HINT });
    return rates.map((cube): RawRate => {
      const [currency, rate] = [attribute(cube, 'currency'), attribute(cube, 'rate')];
      if (currency === null || rate === null)
        throw new PermanentError('source/bad-shape', `${place}: a Cube without currency or rate`, { hint: HINT });
      return { date, currency, rate, place };
    });
  });
}

const child = (parent: unknown, name: string): unknown =>
  typeof parent === 'object' && parent !== null && Object.hasOwn(parent, name) ? Reflect.get(parent, name) : undefined;

/** The Cubes right below `parent[name]`. */
function cubes(parent: unknown, name: string): Node[] {
  const found = child(child(parent, name), 'Cube');
  return Array.isArray(found) ? found.filter((item): item is Node => typeof item === 'object' && item !== null) : [];
}
function attribute(node: Node, name: string): string | null {
  const value = child(node, `@${name}`);
  return typeof value === 'string' ? value.trim() : null;
}
