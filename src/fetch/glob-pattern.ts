/** Whether a text is more than a name: `*`, `?`, `[…]` or `{…}` stands in it. */
export const isGlob = (pattern: string): boolean => /[*?[{]/.test(pattern);

/** What stands before the first sign of a pattern: where a listing may begin. */
export function fixedPart(pattern: string): string {
  const at = pattern.search(/[*?[{]/);
  return at === -1 ? pattern : pattern.slice(0, at);
}

/** Glob for keys: `*` and `?` stay within a part between slashes, `**` crosses them, `{a,b}` and `[0-9]` choose. */
export function globExpression(pattern: string): RegExp {
  let source = '';
  let braces = 0;
  for (let index = 0; index < pattern.length; index++) {
    const sign = pattern.charAt(index);
    if (sign === '*' && pattern.charAt(index + 1) === '*') {
      index++;
      // `a/**/b` matches `a/b` too.
      if (pattern.charAt(index + 1) === '/') {
        index++;
        source += '(?:.*/)?';
      } else source += '.*';
    } else if (sign === '*') source += '[^/]*';
    else if (sign === '?') source += '[^/]';
    else if (sign === '[') {
      const end = pattern.indexOf(']', index + 2);
      if (end === -1) source += '\\[';
      else {
        const inner = pattern
          .slice(index + 1, end)
          .replace(/^!/, '^')
          .replace(/[\\[\]]/g, '\\$&');
        source += `[${inner}]`;
        index = end;
      }
    } else if (sign === '{' && pattern.includes('}', index)) {
      braces++;
      source += '(?:';
    } else if (sign === '}' && braces > 0) {
      braces--;
      source += ')';
    } else if (sign === ',' && braces > 0) source += '|';
    else source += sign.replace(/[.+^$()|\\/{}\]]/, '\\$&');
  }
  return new RegExp(`^${source}$`, 's');
}
