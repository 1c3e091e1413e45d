/** Limits that Slack enforces; https://docs.slack.dev/reference/block-kit/blocks */
const limits = { blocks: 50, header: 150, section: 3_000, fields: 10, field: 2_000, altText: 2_000, elements: 10 };

/** What Slack would refuse in these blocks, in words; null when it would take them. */
export function checkBlocks(blocks: unknown, hasFile: (id: string) => boolean): string | null {
  if (!Array.isArray(blocks)) return 'blocks must be an array';
  if (blocks.length > limits.blocks) return `no more than ${limits.blocks} items allowed [json-pointer:/blocks]`;
  for (const [index, block] of blocks.entries()) {
    const problem = checkBlock(block, hasFile);
    if (problem !== null) return `${problem} [json-pointer:/blocks/${index}]`;
  }
  return null;
}

function checkBlock(block: unknown, hasFile: (id: string) => boolean): string | null {
  switch (get(block, 'type')) {
    case 'header':
      return checkText(get(block, 'text'), limits.header, ['plain_text']);
    case 'section': {
      const text = get(block, 'text');
      const fields = get(block, 'fields');
      if (text === undefined && fields === undefined) return 'a section needs text or fields';
      const problem = text === undefined ? null : checkText(text, limits.section);
      if (problem !== null || fields === undefined) return problem;
      if (!Array.isArray(fields) || fields.length === 0 || fields.length > limits.fields)
        return `a section has 1 to ${limits.fields} fields`;
      return first(fields.map((field) => checkText(field, limits.field)));
    }
    case 'context': {
      const elements = get(block, 'elements');
      if (!Array.isArray(elements) || elements.length === 0 || elements.length > limits.elements)
        return `a context has 1 to ${limits.elements} elements`;
      return first(
        elements.map((element) => (get(element, 'type') === 'image' ? null : checkText(element, limits.section))),
      );
    }
    case 'image': {
      const altText = get(block, 'alt_text');
      if (typeof altText !== 'string' || altText === '' || altText.length > limits.altText)
        return 'alt_text is missing or too long';
      const file = get(get(block, 'slack_file'), 'id');
      if (typeof file === 'string') return hasFile(file) ? null : 'invalid slack file';
      return typeof get(block, 'image_url') === 'string' ? null : 'an image needs image_url or slack_file';
    }
    case 'divider':
    case 'actions':
    case 'rich_text':
      return null;
    default:
      return 'unsupported type';
  }
}

function checkText(object: unknown, most: number, types = ['plain_text', 'mrkdwn']): string | null {
  const text = get(object, 'text');
  if (!types.includes(String(get(object, 'type')))) return `must be ${types.join(' or ')}`;
  if (typeof text !== 'string' || text === '') return 'must be more than 0 characters';
  return text.length > most ? `must be less than ${most + 1} characters` : null;
}

const first = (problems: readonly (string | null)[]): string | null =>
  problems.find((problem) => problem !== null) ?? null;

export const get = (object: unknown, key: string): unknown =>
  typeof object === 'object' && object !== null ? Reflect.get(object, key) : undefined;
