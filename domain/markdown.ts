/** What the Temporal Web UI shows of a workflow is Markdown, mostly tables. */

/** `2026-11-24 14:30:05 UTC` */
export function instantText(instant: number | string): string {
  return `${new Date(instant).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A table of cells that are Markdown; nothing where there are no rows. */
export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A table of what there is to know: the name of each thing, and what it is. */
export function factsTable(facts: readonly (readonly [name: string, value: string])[]): string {
  return markdownTable(['', ''], facts);
}

/** What Markdown and HTML take for theirs. An underscore within a word, as in `cus_1`, is none of it. */
const MARKUP = /[\\`|*~[\]<>&]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;

/**
 * What others write (people, Stripe), as a cell: in one line, as text, which must neither break the table nor be taken for Markdown or
 * HTML.
 *
 * @param maxLength in characters; what is longer ends in `…`.
 */
export function tableCell(text: string, maxLength = 1_000): string {
  const inOneLine = text.replaceAll(/[\s\p{C}]+/gu, ' ').trim();
  const shown = inOneLine.replace(new RegExp(`^(.{${maxLength - 1}}).{2,}$`, 'u'), '$1…');
  return shown.replaceAll(MARKUP, String.raw`\$&`);
}
