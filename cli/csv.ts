import { stringify } from 'csv-stringify/sync';

/** What a spreadsheet takes for the beginning of a formula. https://owasp.org/www-community/attacks/CSV_Injection */
const FORMULA = /^[=+\-@\t\r]/;

/** Text that comes from elsewhere, so that no spreadsheet computes it: what would begin a formula has an apostrophe in front. */
export function plainText(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** Rows as RFC 4180 has them. Amounts are to be strings or numbers of ours, all else {@link plainText}. */
export function csvRows(rows: readonly (readonly (string | number | null)[])[]): string {
  return stringify(rows.map((row) => [...row]));
}
