import type { TableField } from './guess-row-mapping.ts';

/** The fields of business tables, as `discover` collects them page by page. */
export class FieldsByTable {
  readonly #types: Readonly<Record<string, TableField['type']>>;
  readonly #tables = new Map<string, TableField[]>();

  /** `types`: the source's own names of the types that a stream can use. */
  constructor(types: Readonly<Record<string, TableField['type']>>) {
    this.#types = types;
  }

  /** As the source sends them; a field of a type that no stream can use is left out. */
  add(table: unknown, name: unknown, type: unknown): void {
    if (typeof table !== 'string' || typeof name !== 'string' || typeof type !== 'string') return;
    const known = Object.hasOwn(this.#types, type) ? this.#types[type] : undefined;
    if (known === undefined) return;
    const fields = this.#tables.get(table);
    if (fields === undefined) this.#tables.set(table, [{ name, type: known }]);
    else fields.push({ name, type: known });
  }

  /** In the order in which they came; none for a table that is not known. */
  of(table: string): readonly TableField[] {
    return this.#tables.get(table) ?? [];
  }

  hasAll(table: string, names: readonly string[]): boolean {
    const known = new Set(this.of(table).map(({ name }) => name));
    return names.every((name) => known.has(name));
  }

  /** A table with its fields, for people. */
  title(table: string): string {
    const names = this.of(table).map(({ name }) => name);
    return `${table}: ${names.join(', ')}`.slice(0, 300);
  }

  tables(): string[] {
    return [...this.#tables.keys()];
  }
}

/** The id of a stream after the name of a table: `account.move.line` becomes `account-move-line`. */
export function streamIdOf(table: string): string {
  return table
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .toLowerCase()
    .slice(0, 63)
    .replace(/-+$/, '');
}
