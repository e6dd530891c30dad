import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBrowser } from '../support/chromium.ts';
import { type RunningStack, startRunningStack } from './running-stack.ts';
import { PATIENCE_MS, type Walkthrough, walkThrough } from './walkthrough.ts';

// docs/tutorial.md, chapter by chapter, as a reader would go through it.

let stack: RunningStack;
let browser: Browser;
let tutorial: Walkthrough;

beforeAll(async () => {
  [stack, browser] = await Promise.all([startRunningStack(), startBrowser()]);
  tutorial = await walkThrough('tutorial.md', stack);
});
afterAll(async () => {
  await browser.close();
  await stack.stop();
});

describe.sequential('docs/tutorial.md', () => {
  test('1. Start', async () => {
    const [start, key] = tutorial.blocksOf('1. Start', 'bash', 'bash');
    // It runs already, and has said what the text waits for.
    expect(start.text).toBe('npm start\n');
    expect(tutorial.chapterOf('1. Start').text).toContain('Ctrl-C stops all of it');
    await tutorial.run(key);
    expect(stack.terminal.variable('KEY')).toBe(stack.file.apiKey);
  });

  test('2. A user', async () => {
    const [register, registered, ask, standing] = tutorial.blocksOf(
      '2. A user',
      ...(['bash', 'json', 'bash', 'json'] as const),
    );
    expect(await tutorial.answer(register)).toEqual(tutorial.documentedAnswer(registered));
    expect(await tutorial.answer(ask)).toEqual(tutorial.documentedAnswer(standing));
  });

  test('3. A card', async () => {
    const [makeLink, link, ask, standing] = tutorial.blocksOf(
      '3. A card',
      ...(['bash', 'text', 'bash', 'json'] as const),
    );
    const printed = await tutorial.printed(makeLink);
    expect(printed).toMatch(tutorial.documentedText(link));

    const { text } = tutorial.chapterOf('3. A card');
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(/http\S+token=\S+/.exec(printed)?.[0] ?? '');
    await page
      .getByRole('button', { name: /Press "(.+?)"/.exec(text)?.[1] ?? '?' })
      .first()
      .click();
    await page.getByLabel('Card number').fill(/`(\d{4}(?: \d{4}){3})`/.exec(text)?.[1] ?? '?');
    await page.locator('button.pay').click();
    await page
      .getByRole('heading', { name: /it says "(\w+)"/.exec(text)?.[1] ?? '?', exact: true })
      .waitFor();
    await page.close();
    await tutorial.untilAnswered(ask, standing);
  });

  test('4. Usage', async () => {
    const [send, taken] = tutorial.blocksOf('4. Usage', 'bash', 'json');
    expect(await tutorial.answer(send)).toEqual(tutorial.documentedAnswer(taken));
    const again = /`("accepted": .+?)`/.exec(tutorial.chapterOf('4. Usage').text)?.[1];
    expect(await tutorial.answer(send)).toMatchObject(JSON.parse(`{${again ?? ''}}`) as object);
  });

  test('5. The close', async () => {
    const [preview, previewed, close, closed] = tutorial.blocksOf(
      '5. The close',
      ...(['bash', 'text', 'bash', 'text'] as const),
    );
    expect(await tutorial.printed(preview)).toMatch(tutorial.documentedText(previewed));
    expect(await tutorial.printed(close)).toMatch(tutorial.documentedText(closed));
    expect(await tutorial.printed(close)).toContain('Bills frozen 0');
  });

  test('6. The invoice', async () => {
    const [ask, bills, explain, explained] = tutorial.blocksOf(
      '6. The invoice',
      ...(['bash', 'json', 'bash', 'text'] as const),
    );
    await tutorial.untilAnswered(ask, bills);
    expect(await tutorial.printed(explain)).toMatch(tutorial.documentedText(explained));
  });

  test('has no block that was not tried above', () => {
    expect(tutorial.untried()).toEqual([]);
  });
});
