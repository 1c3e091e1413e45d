/** One link of a `Link` header (RFC 8288). */
interface HeaderLink {
  target: string;
  relations: string[];
}

const LINK = /<([^>]*)>((?:\s*;\s*[^\s=;,]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",;]*))?)*)/g;
const RELATION = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))/i;

/** The target of `rel="next"`; null without one, which means: that was the last page. */
export function nextLinkOfHeader(header: string | undefined): string | null {
  if (header === undefined) return null;
  return parseLinks(header).find(({ relations }) => relations.includes('next'))?.target ?? null;
}

function parseLinks(header: string): HeaderLink[] {
  return [...header.slice(0, 20_000).matchAll(LINK)].map(([, target = '', parameters = '']) => {
    const [, quoted, plain] = RELATION.exec(parameters) ?? [];
    return { target: target.trim(), relations: (quoted ?? plain ?? '').toLowerCase().split(/\s+/) };
  });
}
