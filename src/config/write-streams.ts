import { Document, isMap, parseDocument, stringify, type YAMLMap } from 'yaml';
import type { CatalogEntry } from '#kit';
import type { SourceFile } from './sources.ts';

/** One thing that a source offers, with the id that its stream would have. */
export interface OfferedStream extends CatalogEntry {
  streamId: string;
}

/** Ids for streams out of a source's own names: each once, none that is taken. */
export function offeredStreams(entries: readonly CatalogEntry[], taken: readonly string[] = []): OfferedStream[] {
  const used = new Set(taken);
  return entries.map((entry) => {
    const plain =
      entry.id
        .normalize('NFKD')
        .toLowerCase()
        .replace(/\p{M}/gu, '')
        .replace(/[^a-z0-9.]+/g, '-')
        .replace(/^[-.]+/, '')
        .slice(0, 56)
        .replace(/[-.]+$/, '') || 'stream';
    let streamId = plain;
    for (let number = 2; used.has(streamId); number += 1) streamId = `${plain}-${number}`;
    used.add(streamId);
    return { ...entry, streamId };
  });
}

export interface ConnectorText {
  text: string;
  /** The file that has the connector now. */
  definedIn: string;
  /** That file holds something else as well. */
  hasMore: boolean;
}

/**
 * The connector as it is written, references in it untouched, with the streams that it has, those chosen, and below each
 * other what its source offers besides as comments. Null: no file has that connector.
 */
export function connectorText(
  files: readonly SourceFile[],
  id: string,
  offered: readonly OfferedStream[],
  { chosen, head }: { chosen: ReadonlySet<string>; head: readonly string[] },
): ConnectorText | null {
  for (const { name, text } of files) {
    const source = parseDocument(text);
    const connector = source.getIn(['connectors', id]);
    if (!isMap(connector)) continue;
    const settings = connector.clone() as YAMLMap;
    const streams = settings.get('streams', true);
    settings.delete('streams');
    settings.flow = false;
    const document = new Document({ connectors: {} });
    document.setIn(['connectors', id], settings);
    const lines = [
      ...head.map((line) => `# ${line}`),
      document.toString({ lineWidth: 120 }).trimEnd(),
      '    streams:',
      ...(isMap(streams) && streams.items.length > 0 ? indented(yamlOf(streams as YAMLMap), '      ') : []),
      ...offered.flatMap((entry) => entryLines(entry, chosen.has(entry.streamId))),
    ];
    const root = source.contents;
    const connectors = source.get('connectors');
    const hasMore = (isMap(root) && root.items.length > 1) || (isMap(connectors) && connectors.items.length > 1);
    return { text: `${lines.join('\n')}\n`, definedIn: name, hasMore };
  }
  return null;
}

function yamlOf(streams: YAMLMap): string {
  const block = streams.clone() as YAMLMap;
  block.flow = false;
  return new Document(block).toString({ lineWidth: 120 });
}

function entryLines({ id, title, unit, streamId, stream }: OfferedStream, isChosen: boolean): string[] {
  const about = [title === '' ? id : title, ...(unit === null ? [] : [`in ${unit}`])].join(', ');
  return [
    `      # ${about.replace(/\s+/g, ' ').slice(0, 200)}`,
    ...indented(stringify({ [streamId]: stream }, { lineWidth: 0 }), isChosen ? '      ' : '      # '),
  ];
}

const indented = (text: string, indent: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (line === '' ? '' : `${indent}${line}`));
