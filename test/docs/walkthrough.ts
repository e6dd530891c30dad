import { expect, vi } from 'vitest';
import {
  type Block,
  type Chapter,
  jsonPattern,
  readChapters,
  singleSpaced,
  textPattern,
} from './document.ts';
import type { RunningStack } from './running-stack.ts';

/** Steps take seconds, on a busy machine some more. */
export const PATIENCE_MS = 120_000;

/** A document that is being gone through, with what was tried of it so far. */
export type Walkthrough = Awaited<ReturnType<typeof walkThrough>>;

/**
 * Goes through a document chapter by chapter, as its reader would: on the stack that `npm start` runs, with its blocks.
 *
 * @param name of a file in docs/
 */
export async function walkThrough(name: string, stack: RunningStack) {
  const chapters = await readChapters(name);
  /** The titles of those whose blocks were asked for. */
  const tried = new Set<string>();

  function chapterOf(title: string): Chapter {
    const chapter = chapters.find((each) => each.title === title);
    if (chapter === undefined) throw new Error(`docs/${name} has no chapter "${title}"`);
    return chapter;
  }

  /** The blocks of a chapter, which has these and no others. */
  function blocksOf<const Languages extends readonly string[]>(
    title: string,
    ...languages: Languages
  ): { readonly [Index in keyof Languages]: Block } {
    tried.add(title);
    const { blocks } = chapterOf(title);
    expect(blocks.map(({ language }) => language)).toEqual(languages);
    return blocks as unknown as { readonly [Index in keyof Languages]: Block };
  }

  /** Chapters with blocks that nobody has asked for. */
  function untried(): string[] {
    const withBlocks = chapters.filter(({ blocks }) => blocks.length > 0);
    return withBlocks.map(({ title }) => title).filter((title) => !tried.has(title));
  }

  /** Runs a block in the terminal. @returns what it printed. */
  const run = ({ text }: Block): Promise<string> => stack.terminal.run(stack.here(text));
  const answer = async (command: Block): Promise<unknown> => JSON.parse(await run(command));
  const printed = async (command: Block): Promise<string> => singleSpaced(await run(command));
  const documentedAnswer = ({ text }: Block) => jsonPattern(stack.here(text));
  const documentedText = ({ text }: Block) => textPattern(stack.here(text));

  /** Asks until the answer is the documented one, for it comes by a webhook. */
  async function untilAnswered(command: Block, documented: Block): Promise<void> {
    await vi.waitFor(async () => expect(await answer(command)).toEqual(documentedAnswer(documented)), {
      timeout: PATIENCE_MS,
      interval: 500,
    });
  }

  return {
    chapters,
    chapterOf,
    blocksOf,
    untried,
    run,
    answer,
    printed,
    documentedAnswer,
    documentedText,
    untilAnswered,
  };
}
