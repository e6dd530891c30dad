/**
 * Cuts a page from a list of which one row more than it holds was asked for: so it is known whether there is another page.
 *
 * @param cursorOf where the next page begins: after this row.
 * @returns the page's rows, and where the next one begins; `null`: this is the last.
 */
export function pageOf<Row, Cursor>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (last: Row) => Cursor,
): { readonly rows: readonly Row[]; readonly next: Cursor | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, next: rows.length > page.length && last !== undefined ? cursorOf(last) : null };
}
