import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';

/** A chapter of a document in Markdown, under a `##`. */
export interface Chapter {
  readonly title: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

/** A fenced block. */
export interface Block {
  readonly language: string;
  readonly text: string;
}

/** @param name of a file in docs/ */
export async function readChapters(name: string): Promise<Chapter[]> {
  const document = await readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
  const [, ...chapters] = document.split(/^## /m);
  return chapters.map((text) => ({ title: text.split('\n', 1)[0] ?? '', text, blocks: blocksOf(text) }));
}

/** In a list they are indented. */
function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^( *)```(\w+)\n(.*?)^\1```$/gms)].map(
    ([, indent = '', language = '', text = '']) => ({
      language,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
}

/** The answer that a document shows: equal to it is what has anything in place of a `…`. */
export function jsonPattern(documented: string): unknown {
  return JSON.parse(documented, (_key, value: unknown) =>
    typeof value === 'string' && value.includes('…')
      ? (expect.stringMatching(new RegExp(`^${pattern(value)}$`)) as unknown)
      : value,
  );
}

/** What a document says that a command prints, `…` for anything; for texts with {@link singleSpaced}, since columns grow with their content. */
export const textPattern = (documented: string): RegExp => new RegExp(pattern(singleSpaced(documented)));

/** Whatever white space it has, as one space each time: also what breaks lines. */
export const singleSpaced = (text: string): string => text.trim().split(/\s+/).join(' ');

const pattern = (text: string): string =>
  text
    .split('…')
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('\\S+');
