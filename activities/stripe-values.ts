/** How Stripe writes instants, and objects that others refer to. */

/** Unix seconds, as Stripe dates things. */
export const unixSeconds = (instant: Date): number => Math.floor(instant.getTime() / 1_000);

/** The id of an object that Stripe answers as its id, or, where it was to be expanded, whole. */
export function idOf(reference: string | { readonly id: string } | null | undefined): string | null {
  if (typeof reference === 'string') return reference;
  return reference?.id ?? null;
}
