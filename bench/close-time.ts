/** How fast the two phases of a close are, in customers per second. */
export interface CloseRates {
  readonly freezing: number;
  readonly charging: number;
}

/**
 * How long a close takes, in seconds: all are frozen before the first is charged, and each phase takes as long as there are
 * customers (a bench compares closes of different sizes). What is waited for before, late events and an approval, comes on top.
 */
export function closeSeconds(customers: number, { freezing, charging }: CloseRates): number {
  return customers / freezing + customers / charging;
}

/** `8 min`, `11 h 24 min`. */
export function inHours(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes} min` : `${hours} h ${minutes % 60} min`;
}
