/** What the Temporal Web UI shows of a workflow is Markdown, mostly tables. */

/** `2026-11-24 14:30:05 UTC` */
export function instantText(instant: number | string): string {
  return `${new Date(instant).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** What people and Stripe write must not break the table. */
export function tableCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
