import { describe, expect, it } from 'vitest';
import { renderTemplate, renderTemplateValue, templateProblems } from './template.ts';

const values: Record<string, unknown> = {
  'window.from': Date.parse('2026-03-29T00:30:00Z'),
  'window.to': Date.parse('2026-03-30T00:00:00.250Z'),
  'item.id': 'group/project 1',
  'item.n': 7,
  'item.list': [1463538857, 'a'],
};
const render = (text: string, timeZone = 'UTC', encode?: (text: string) => string) =>
  renderTemplate(text, (name) => values[name], { timeZone, ...(encode === undefined ? {} : { encode }) });

describe('what a template gives', () => {
  it.each([
    ['{{window.from}}', '2026-03-29T00:30:00Z'],
    ['{{window.to | iso}}', '2026-03-30T00:00:00.250Z'],
    ['{{window.from | epochSeconds}}', '1774744200'],
    ['{{window.from | epochMs}}', '1774744200000'],
    ['{{window.to | epochNanos}}', '1774828800250000000'],
    ['{{window.to | floor 1d | minus 1ms | isoDate}}', '2026-03-29'],
    ['{{window.from | ceil 1h | iso}}', '2026-03-29T01:00:00Z'],
    ["from {{window.from | date 'dd.MM.yyyy HH:mm'}} on", 'from 29.03.2026 00:30 on'],
    ["{{window.from | zone 'Europe/Berlin' | date 'yyyy-MM-ddTHH:mm:ss.SSSXXX'}}", '2026-03-29T01:30:00.000+01:00'],
    ["{{window.to | zone 'Europe/Berlin' | date 'yyMMdd xx'}}", '260330 +0200'],
    ['{{item.n}} of {{item.list | json}}', '7 of [1463538857,"a"]'],
    ['nothing to fill', 'nothing to fill'],
  ])('%s', (text, expected) => {
    expect(render(text)).toBe(expected);
  });

  it('days are those of the time zone', () => {
    expect(render('{{window.to | isoDate}}', 'America/New_York')).toBe('2026-03-29');
  });

  it('what is filled in is encoded, unless it is said to be raw', () => {
    expect(render('/projects/{{item.id}}/x', 'UTC', encodeURIComponent)).toBe('/projects/group%2Fproject%201/x');
    expect(render('/projects/{{item.id | raw}}', 'UTC', encodeURIComponent)).toBe('/projects/group/project 1');
  });

  it('a placeholder alone keeps its kind in JSON, and has no value where there is none', () => {
    const value = (text: string) => renderTemplateValue(text, (name) => values[name], { timeZone: 'UTC' });
    expect(value('{{item.list}}')).toEqual([1463538857, 'a']);
    expect(value('{{window.from | epochMs}}')).toBe(1774744200000);
    expect(value('{{window.from | epochMs | text}}')).toBe('1774744200000');
    expect(value('{{cursor}}')).toBeUndefined();
    expect(render('{{cursor}}')).toBeUndefined();
    expect(render('after={{cursor}}')).toBe('after=');
  });

  it('XML is escaped where it is asked for', () => {
    const text = renderTemplate('<a>{{x | xml}}</a>', () => `<b c="d">&'`, { timeZone: 'UTC' });
    expect(text).toBe('<a>&lt;b c=&quot;d&quot;&gt;&amp;&apos;</a>');
  });
});

describe('what is wrong with a template', () => {
  const known = ['window.from', 'window.to', 'cursor', 'item.*'];
  it.each([
    ['{{window.form}}', /did you mean window.from/],
    ['{{items.id}}', /names nothing that there is/],
    ['{{item}}', /names nothing that there is/],
    ['{{window.from | epoch}}', /no filter epoch/],
    ['{{window.from | isodate}}', /did you mean isoDate/],
    ['{{window.from | iso x}}', /takes no argument/],
    ['{{window.from | date}}', /such as date 'yyyy\/MM\/dd'/],
    ['{{window.from | minus 1 parsec}}', /a duration longer than zero/],
    ["{{window.from | zone 'Europe/Berln'}}", /needs a time zone/],
    ['{{}}', /holds no name/],
    ['{{window.from', /opened or closed/],
    ['{ window.from }}', /opened or closed/],
  ])('%s', (text, message) => {
    expect(templateProblems(text, known).map((problem) => problem.message)).toEqual([expect.stringMatching(message)]);
  });

  it('nothing with this one', () => {
    expect(templateProblems('{{item.user.id}} {{window.to | plus 1d | isoDate}} {{cursor}}', known)).toEqual([]);
  });
});
