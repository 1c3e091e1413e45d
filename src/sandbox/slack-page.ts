import { get } from './slack-blocks.ts';
import type { SlackMessage } from './slack-types.ts';

/** The channel about as Slack would show it: for people who want to see what the demo posted. Needs no network. */
export function slackPage(
  channelName: string,
  messages: readonly SlackMessage[],
  fileAddress: (id: string) => string | null,
): string {
  const posts = messages.map((message) => {
    const at = new Date(Number(message.ts) * 1_000).toISOString().replace('T', ' ').slice(0, 16);
    const body =
      message.blocks?.map((block) => blockHtml(block, fileAddress)).join('\n') ?? `<p>${mrkdwn(message.text)}</p>`;
    return `<article><p class="by"><b>Outturn</b> <small>APP · ${at} UTC</small></p>\n${body}\n</article>`;
  });
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>#${escapeHtml(channelName)}</title>
<style>
body{font:15px/1.47 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1d1c1d;background:#fff}
article{margin:1.5rem 0;padding-top:1rem;border-top:1px solid #ddd}.by{margin:0}h2{font-size:1.2rem;margin:.4rem 0}
.fields{display:grid;grid-template-columns:1fr 1fr;gap:.5rem 1rem}.context{color:#616061;font-size:.85rem}img{max-width:100%}hr{border:0;border-top:1px solid #ddd}
@media(prefers-color-scheme:dark){body{background:#1a1d21;color:#d1d2d3}.context{color:#ababad}}
</style>
<h1>#${escapeHtml(channelName)}</h1>
${posts.reverse().join('\n')}
</html>
`;
}

function blockHtml(block: unknown, fileAddress: (id: string) => string | null): string {
  switch (get(block, 'type')) {
    case 'header':
      return `<h2>${escapeHtml(String(get(get(block, 'text'), 'text') ?? ''))}</h2>`;
    case 'section': {
      const fields = get(block, 'fields');
      const cells = Array.isArray(fields) ? fields.map((field) => `<div>${textHtml(field)}</div>`).join('') : '';
      const text = get(block, 'text');
      return `${text === undefined ? '' : `<p>${textHtml(text)}</p>`}${cells === '' ? '' : `<div class="fields">${cells}</div>`}`;
    }
    case 'context': {
      const elements = get(block, 'elements');
      return `<p class="context">${Array.isArray(elements) ? elements.map(textHtml).join(' ') : ''}</p>`;
    }
    case 'image': {
      const address = fileAddress(String(get(get(block, 'slack_file'), 'id') ?? ''));
      const altText = escapeHtml(String(get(block, 'alt_text') ?? ''));
      return address === null
        ? `<p class="context">${altText}</p>`
        : `<img src="${escapeHtml(address)}" alt="${altText}">`;
    }
    case 'divider':
      return '<hr>';
    default:
      return '';
  }
}

const textHtml = (object: unknown): string => {
  const text = String(get(object, 'text') ?? '');
  return get(object, 'type') === 'plain_text' ? escapeHtml(text) : mrkdwn(text);
};

/** Slack's own mark-up: `& < >` come escaped already; links, bold, italics, code and line ends are shown. */
function mrkdwn(text: string): string {
  return text
    .replace(/<(https?:[^|>]+)\|([^>]+)>/g, '\u0001$1\u0002$2\u0003')
    .replace(/<(https?:[^>]+)>/g, '\u0001$1\u0002$1\u0003')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/\u0001([^\u0002]*)\u0002([^\u0003]*)\u0003/g, '<a href="$1">$2</a>')
    .replace(/(^|[\s(>])\*([^*\n]+)\*/g, '$1<b>$2</b>')
    .replace(/(^|[\s(>])_([^_\n]+)_(?=$|[\s.,)])/g, '$1<i>$2</i>')
    .replace(/`([^`\n]+)`/g, '<code>$1</code>')
    .replace(/:(warning|test_tube):/g, (_, name: keyof typeof emoji) => emoji[name])
    .replace(/\n/g, '<br>');
}

const emoji = { warning: '⚠️', test_tube: '🧪' } as const;

const escapeHtml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
