/** The invoice as a PDF: `invoice_pdf` leads here. One page of plain text, as long as the invoice is. */
import type { Invoice, InvoiceLineItem } from '../wire.ts';
import { money } from './html.ts';
import type { Answer } from './message.ts';

const FONT_SIZE = 9;
const LEADING = 13;
const MARGIN = 50;
/** A4, in points. */
const PAGE = { width: 595, height: 842 };
/** Courier's characters are 0.6 of the size wide: so many fit between the margins, for what it is and what it costs. */
const LABEL = 71;
const AMOUNT = 20;

/** What a browser gets for an invoice that has been finalized. `lines` are all there are. */
export function invoicePdf(invoice: Invoice, lines: InvoiceLineItem[]): Answer {
  const number = invoice.number ?? invoice.id;
  return {
    status: 200,
    contentType: 'application/pdf',
    body: pdf(textOf(invoice, lines)),
    headers: { 'content-disposition': `inline; filename="Invoice-${number.replaceAll(/[^\w-]/g, '_')}.pdf"` },
  };
}

function textOf(invoice: Invoice, lines: InvoiceLineItem[]): string[] {
  const { currency, customer_email: email, customer_name: name, description } = invoice;
  const date = new Date((invoice.effective_at ?? invoice.created) * 1_000).toISOString().slice(0, 10);
  const title = `Invoice ${invoice.number ?? invoice.id}, ${date}`;
  const row = (label: string, cents: number) => {
    const [first = '', ...rest] = wrapped(label, LABEL);
    return [first.padEnd(LABEL) + money(cents, currency).padStart(AMOUNT), ...rest];
  };
  return [
    'Made by a simulator of Stripe: nothing is owed.',
    ...[title, name ?? email ?? '', description ?? '', ''].flatMap((line) => wrapped(line, LABEL)),
    ...lines.flatMap((line) => row(line.description ?? '', line.amount)),
    '-'.repeat(LABEL + AMOUNT),
    ...row('Total', invoice.total),
    ...row(`Due (${invoice.status})`, invoice.amount_remaining),
  ];
}

function wrapped(text: string, width: number): string[] {
  return text.replaceAll(/\s/g, ' ').match(new RegExp(`.{1,${width}}`, 'gu')) ?? [''];
}

/** A file of five objects and the table of where they begin (ISO 32000-1, 7.5); ASCII only, so a character is a byte. */
function pdf(text: readonly string[]): string {
  const height = Math.max(PAGE.height, 2 * MARGIN + text.length * LEADING);
  const shown = text.map((line) => `(${literal(line)}) '`).join('\n');
  const content = `BT /F1 ${FONT_SIZE} Tf ${LEADING} TL ${MARGIN} ${height - MARGIN} Td\n${shown}\nET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${PAGE.width} ${height}] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>`,
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>',
  ];
  let file = '%PDF-1.4\n';
  const entries = objects.map((object, index) => {
    const offset = String(file.length).padStart(10, '0');
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${offset} 00000 n \n`;
  });
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries.join('')}`;
  return `${file}${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`;
}

/** Inside parentheses: what is not ASCII stands by its Latin-1 code, and what is not Latin-1 as a question mark. */
function literal(line: string): string {
  return line.replaceAll(/[^ -~]|[()\\]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code > 0xff || /\p{Cc}/u.test(character) ? '?' : `\\${code.toString(8).padStart(3, '0')}`;
  });
}
