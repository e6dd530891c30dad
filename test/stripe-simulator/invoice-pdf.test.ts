/** What `invoice_pdf` leads to. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestSimulator } from './support.ts';
import { draftOf, startTestSimulator } from './support.ts';

let context: TestSimulator;

beforeEach(async () => {
  context = await startTestSimulator();
});

afterEach(() => context[Symbol.asyncDispose]());

async function download(url: string | null | undefined) {
  const response = await fetch(url ?? '');
  const file = Buffer.from(await response.arrayBuffer());
  return { response, file: file.toString('latin1') };
}

/** The strings that the page shows, one a line. */
function textOf(file: string): string[] {
  return [...file.matchAll(/^\((.*)\) '$/gm)].map(([, text = '']) =>
    text.replaceAll(/\\(\d{3})/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 8))),
  );
}

test('a finalized invoice has a PDF with its number, customer, lines and total', async () => {
  const { stripe } = context;
  const { id: customer } = await stripe.customers.create({ name: 'Zoë (Ada) 李' });
  const draft = await draftOf(stripe, customer, 100_050);
  const line = `CPU Hour: 1.25 × $0.10 ${'and so on '.repeat(8)}`.trim();
  await stripe.invoices.addLines(draft.id, { lines: [{ amount: 13, description: line }] });
  expect((await stripe.invoices.retrieve(draft.id)).invoice_pdf).toBeNull();
  const {
    number,
    effective_at: at,
    invoice_pdf: url,
  } = await stripe.invoices.finalizeInvoice(draft.id, {
    auto_advance: false,
  });
  const { response, file } = await download(url);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/pdf');
  expect(response.headers.get('content-disposition')).toBe(`inline; filename="Invoice-${number}.pdf"`);
  const text = textOf(file);
  const date = new Date((at ?? 0) * 1_000).toISOString().slice(0, 10);
  expect(text.slice(1, 3)).toEqual([`Invoice ${number}, ${date}`, 'Zoë (Ada) ?']);
  expect(text.map((each) => each.replaceAll(/ {2,}/g, ' | '))).toEqual(
    expect.arrayContaining([
      'usage | 1,000.50 USD',
      `${line.slice(0, 71)} | 0.13 USD`,
      line.slice(71),
      'Total | 1,000.63 USD',
      'Due (open) | 1,000.63 USD',
    ]),
  );

  await stripe.invoices.pay(draft.id, { paid_out_of_band: true });
  expect(textOf((await download(url)).file).at(-1)).toMatch(/^Due \(paid\) +0\.00 USD$/);
});

test('its table says where each object begins, however much it shows', async () => {
  const { stripe } = context;
  const { id: customer } = await stripe.customers.create({ email: 'ada@example.com' });
  const draft = await draftOf(stripe, customer, 1);
  const description = String.raw`\ ( ) € %%EOF`;
  for (let added = 1; added < 250; added += 83) {
    const lines = Array.from({ length: 83 }, () => ({ amount: 1, description }));
    await stripe.invoices.addLines(draft.id, { lines });
  }
  const { file } = await download((await stripe.invoices.finalizeInvoice(draft.id)).invoice_pdf);
  expect(file).toMatch(/^%PDF-1\.4\n/);
  const table = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(file)?.[1]);
  expect(file.slice(table)).toMatch(/^xref\n0 6\n/);
  const offsets = [...file.slice(table).matchAll(/^(\d{10}) 00000 n $/gm)].map(([, offset]) =>
    Number(offset),
  );
  expect(offsets).toHaveLength(5);
  for (const [index, offset] of offsets.entries())
    expect(file.slice(offset)).toMatch(new RegExp(`^${index + 1} 0 obj\n`));
  const stream = /<< \/Length (\d+) >>\nstream\n(.*)\nendstream/s.exec(file);
  expect(stream?.[2]).toHaveLength(Number(stream?.[1]));
  expect(textOf(file).filter((line) => line.startsWith(String.raw`\ ( ) ? %%EOF`))).toHaveLength(249);
  // Nothing hangs below the page.
  const [, height] = /MediaBox \[0 0 595 (\d+)\]/.exec(file) ?? [];
  expect(Number(height)).toBeGreaterThanOrEqual(100 + textOf(file).length * 13);
});

test('a draft has no PDF', async () => {
  const { stripe, simulator } = context;
  const { id: customer } = await stripe.customers.create({});
  const { id } = await draftOf(stripe, customer, 1_000);
  expect((await download(`${simulator.baseUrl}/_sim/invoices/${id}/pdf`)).response.status).toBe(404);
});
