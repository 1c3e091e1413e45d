import type { ODataVersion } from './options.ts';

export interface Selection {
  $select?: string;
  $expand?: string;
}

/** Every navigation property with those that lead to it: `Header/Project` needs `Header`. */
function withParents(paths: readonly string[]): string[] {
  return [
    ...new Set(
      paths.flatMap((path) => {
        const steps = path.split('/');
        return steps.map((_, index) => steps.slice(0, index + 1).join('/'));
      }),
    ),
  ];
}

/** The fields that are asked for, those of expanded navigation properties in the words of the version. */
export function selection(version: ODataVersion, fields: readonly string[], expand: readonly string[]): Selection {
  const expanded = withParents(expand);
  if (version === 'v2')
    return {
      $select: fields.join(','),
      ...(expanded.length > 0 ? { $expand: expanded.join(',') } : {}),
    };
  return nestedSelection(fields, expanded);
}

function nestedSelection(fields: readonly string[], expanded: readonly string[]): Selection {
  const tops = expanded.filter((path) => !path.includes('/'));
  const own = fields.filter((field) => !tops.some((top) => field.startsWith(`${top}/`)));
  const below = (paths: readonly string[], top: string): string[] =>
    paths.filter((path) => path.startsWith(`${top}/`)).map((path) => path.slice(top.length + 1));
  const nested = tops.map((top) => {
    const inner = Object.entries(nestedSelection(below(fields, top), below(expanded, top)));
    return inner.length === 0 ? top : `${top}(${inner.map(([name, value]) => `${name}=${value}`).join(';')})`;
  });
  return {
    ...(own.length > 0 ? { $select: own.join(',') } : {}),
    ...(nested.length > 0 ? { $expand: nested.join(',') } : {}),
  };
}
