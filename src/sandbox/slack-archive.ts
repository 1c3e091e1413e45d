import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { slackPage } from './slack-page.ts';
import type { SlackFile, SlackMessage } from './slack-types.ts';

interface ChannelDocument {
  channel: { id: string; name: string };
  messages: SlackMessage[];
}

/** Messages as one JSON document a channel (`C….json`) beside a page for people (`C….html`); files below `files/`. */
export interface SlackArchive {
  /** Oldest first. */
  messages(channelId: string): SlackMessage[];
  add(channel: { id: string; name: string }, message: SlackMessage): Promise<void>;
  nextTimestamp(nowMs: number): string;
  announce(name: string, altText: string | null): SlackFile;
  /** False when no such file was announced. */
  receive(id: string, content: Buffer): Promise<boolean>;
  file(id: string): SlackFile | null;
}

export async function openSlackArchive(directory: string): Promise<SlackArchive> {
  const filesDirectory = join(directory, 'files');
  await mkdir(filesDirectory, { recursive: true });
  const documents = await readDocuments(directory);
  const files = new Map<string, SlackFile>();
  for (const name of await readdir(filesDirectory)) {
    const id = /^(F[A-Z0-9]+)-(.+)$/.exec(name);
    if (id?.[1] !== undefined && id[2] !== undefined)
      files.set(id[1], { id: id[1], name: id[2], title: id[2], altText: null, bytes: 0, uploaded: true });
  }
  let lastMicroseconds = 0;
  let writing: Promise<void> = Promise.resolve();
  for (const { messages } of documents.values())
    for (const { ts } of messages) lastMicroseconds = Math.max(lastMicroseconds, Math.round(Number(ts) * 1e6));

  const write = async (document: ChannelDocument): Promise<void> => {
    const file = join(directory, document.channel.id);
    await replaceFile(`${file}.json`, `${JSON.stringify(document, null, 2)}\n`);
    await replaceFile(
      `${file}.html`,
      slackPage(document.channel.name, document.messages, (id) => fileName(files.get(id))),
    );
  };
  return {
    messages: (channelId) => [...(documents.get(channelId)?.messages ?? [])],
    async add(channel, message) {
      const document = documents.get(channel.id) ?? { channel, messages: [] };
      documents.set(channel.id, document);
      document.messages.push(message);
      // One after another: two writers of one file would mix.
      writing = writing.catch(() => undefined).then(() => write(document));
      await writing;
    },
    nextTimestamp(nowMs) {
      lastMicroseconds = Math.max(lastMicroseconds + 100, nowMs * 1_000);
      const text = String(lastMicroseconds).padStart(7, '0');
      return `${text.slice(0, -6)}.${text.slice(-6)}`;
    },
    announce(name, altText) {
      const id = `F0${String(files.size + 1).padStart(8, '0')}`;
      const safe = name.replace(/[^A-Za-z0-9._-]+/g, '-').slice(-80);
      const file = { id, name: safe, title: name, altText, bytes: 0, uploaded: false };
      files.set(id, file);
      return file;
    },
    async receive(id, content) {
      const file = files.get(id);
      if (file === undefined) return false;
      await replaceFile(join(directory, fileName(file) ?? id), content);
      file.bytes = content.length;
      file.uploaded = true;
      return true;
    },
    file: (id) => files.get(id) ?? null,
  };
}

const fileName = (file: SlackFile | undefined): string | null =>
  file === undefined ? null : `files/${file.id}-${file.name}`;

async function replaceFile(path: string, content: string | Buffer): Promise<void> {
  await writeFile(`${path}.part`, content);
  await rename(`${path}.part`, path);
}

async function readDocuments(directory: string): Promise<Map<string, ChannelDocument>> {
  const documents = new Map<string, ChannelDocument>();
  for (const name of await readdir(directory)) {
    if (!/^[CD][A-Z0-9]+\.json$/.test(name)) continue;
    const document: ChannelDocument = JSON.parse(await readFile(join(directory, name), 'utf8'));
    documents.set(document.channel.id, document);
  }
  return documents;
}
