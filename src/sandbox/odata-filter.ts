/** What the service cannot make sense of: answered with 400, worded as CAP does. */
export class ODataError extends Error {
  readonly status: number;
  constructor(message: string, status = 400) {
    super(message);
    this.status = status;
  }
}

export type EdmType = 'Edm.String' | 'Edm.Int32' | 'Edm.Decimal' | 'Edm.Date' | 'Edm.DateTimeOffset';
export type Cell = string | number | null;
export type Row = Readonly<Record<string, Cell>>;
export interface EntityType {
  name: string;
  keys: readonly string[];
  properties: Readonly<Record<string, EdmType>>;
}

export type Predicate = (row: Row) => boolean;

/** Cells in the order of their type: decimals as numbers, dates and instants as text that sorts, null last. */
export function compareCells(one: Cell, other: Cell, type: EdmType): number {
  if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1;
  if (type === 'Edm.Decimal' || type === 'Edm.Int32') return Number(one) - Number(other);
  if (type === 'Edm.DateTimeOffset') return Date.parse(String(one)) - Date.parse(String(other));
  return one < other ? -1 : one > other ? 1 : 0;
}

const operators: Readonly<Record<string, (order: number) => boolean>> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
};

interface Token {
  kind: 'name' | 'literal' | 'sign' | 'end';
  text: string;
  at: number;
  value: Cell;
}

const pattern =
  /\s+|(?<string>'(?:[^']|'')*')|(?<instant>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))|(?<date>\d{4}-\d\d-\d\d)|(?<number>-?\d+(?:\.\d+)?)|(?<name>[A-Za-z_]\w*)|(?<sign>[(),])/gy;

function tokens(filter: string): Token[] {
  pattern.lastIndex = 0;
  const found: Token[] = [];
  while (pattern.lastIndex < filter.length) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(filter)?.groups;
    if (groups === undefined) throw new ODataError(`Parsing URL failed at position ${at}: unexpected "${filter[at]}".`);
    const literal = groups['string'] ?? groups['instant'] ?? groups['date'] ?? groups['number'];
    if (groups['name'] !== undefined) {
      const text = groups['name'];
      found.push(
        text === 'null' ? { kind: 'literal', text, at, value: null } : { kind: 'name', text, at, value: null },
      );
    } else if (groups['sign'] !== undefined) found.push({ kind: 'sign', text: groups['sign'], at, value: null });
    else if (literal !== undefined) {
      const value = groups['string'] === undefined ? literal : literal.slice(1, -1).replaceAll("''", "'");
      found.push({ kind: 'literal', text: literal, at, value });
    }
  }
  return [...found, { kind: 'end', text: '', at: filter.length, value: null }];
}

/** `$filter` with comparisons, and, or, not, parentheses, contains, startswith and endswith. */
export function parseFilter(filter: string, entity: EntityType, service: string): Predicate {
  const list = tokens(filter);
  let position = 0;
  const peek = (): Token => list[Math.min(position, list.length - 1)] as Token;
  const next = (): Token => list[Math.min(position++, list.length - 1)] as Token;
  const failed = (token: Token): ODataError =>
    new ODataError(
      `Parsing URL failed at position ${token.at}: ${token.kind === 'end' ? 'unexpected end of input' : `unexpected "${token.text}"`}.`,
    );
  const take = (text: string): boolean => {
    if (peek().text !== text || peek().kind === 'literal') return false;
    position++;
    return true;
  };
  const expect = (text: string): void => {
    if (!take(text)) throw failed(peek());
  };
  const property = (): { name: string; type: EdmType } => {
    const token = next();
    if (token.kind !== 'name') throw failed(token);
    return { name: token.text, type: propertyType(token.text, entity, service) };
  };
  const literal = (): Cell => {
    const token = next();
    if (token.kind === 'name') throw new ODataError(unknownProperty(token.text, entity, service));
    if (token.kind !== 'literal') throw failed(token);
    return token.value;
  };
  const term = (): Predicate => {
    if (take('(')) {
      const inner = disjunction();
      expect(')');
      return inner;
    }
    if (take('not')) {
      const inner = term();
      return (row) => !inner(row);
    }
    const called = list[position + 1]?.text === '(' ? textFunctions[peek().text] : undefined;
    if (called !== undefined) {
      position += 2;
      const { name } = property();
      expect(',');
      const sought = String(literal());
      expect(')');
      return (row) => called(String(row[name] ?? ''), sought);
    }
    const { name, type } = property();
    const operator = next();
    const test = operators[operator.text];
    if (test === undefined) throw failed(operator);
    const value = literal();
    return (row) => {
      const cell = row[name] ?? null;
      if (cell === null || value === null)
        return operator.text === 'ne' ? cell !== value : operator.text === 'eq' && cell === value;
      return test(compareCells(cell, value, type));
    };
  };
  const conjunction = (): Predicate => {
    let left = term();
    while (take('and')) {
      const [one, other] = [left, term()];
      left = (row) => one(row) && other(row);
    }
    return left;
  };
  const disjunction = (): Predicate => {
    let left = conjunction();
    while (take('or')) {
      const [one, other] = [left, conjunction()];
      left = (row) => one(row) || other(row);
    }
    return left;
  };
  const parsed = disjunction();
  if (peek().kind !== 'end') throw failed(peek());
  return parsed;
}

const textFunctions: Readonly<Record<string, (cell: string, sought: string) => boolean>> = {
  contains: (cell, sought) => cell.includes(sought),
  startswith: (cell, sought) => cell.startsWith(sought),
  endswith: (cell, sought) => cell.endsWith(sought),
};

export function propertyType(name: string, entity: EntityType, service: string): EdmType {
  const type = entity.properties[name];
  if (type === undefined) throw new ODataError(unknownProperty(name, entity, service));
  return type;
}

const unknownProperty = (name: string, entity: EntityType, service: string): string =>
  `Property "${name}" does not exist in "${service}.${entity.name}"`;
