/** An element of a metadata document as the XML parser gives it: attributes begin with `@`. */
export type Node = Record<string, unknown>;

export function child(parent: unknown, name: string): unknown {
  return typeof parent === 'object' && parent !== null ? Reflect.get(parent, name) : undefined;
}

export function nodes(parent: unknown, name: string): Node[] {
  const found: unknown = child(parent, name);
  return Array.isArray(found) ? found.filter((item): item is Node => typeof item === 'object' && item !== null) : [];
}

export function attribute(node: unknown, name: string): string {
  const value = child(node, `@${name}`);
  return typeof value === 'string' ? value : '';
}
