/** A status or a phase as a person reads it: `payment_failed` is `payment failed`. */
export function inWords(status: string): string {
  return status.replaceAll('_', ' ');
}
