/** Half of the 400 bytes that Temporal's server means a summary to have: what it is wrapped in, and encryption, take some too. */
const MAX_BYTES = 200;

/** A text as the history shows it beside a step, cut to what Temporal takes. */
export function summary(text: string): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(MAX_BYTES));
  return text.slice(0, read);
}
