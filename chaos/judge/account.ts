import type { Mode } from '../../domain/mode.ts';

/** A usage event as the host product sent it. */
export interface SentUsage {
  readonly id: string;
  readonly userId: string;
  readonly product: 'cpu_hour' | 'gpu_hour' | 'storage_gb_month' | 'api_calls';
  readonly quantity: string;
  readonly occurredAt: string;
  readonly resourceId?: string;
}

/** What a customer did, as whoever played them knows it: nothing of it was read from the service's tables. */
export interface Account {
  readonly mode: Mode;
  readonly userId: string;
  /** Answered with a 2xx, each id once. */
  readonly usage: readonly SentUsage[];
  /**
   * Their last word: `subscribes` when they completed a setup Checkout and ended nothing since, `ended` when they ended their
   * subscription or were deleted since, `never` when they completed none.
   */
  readonly subscription: 'never' | 'subscribes' | 'ended';
  /** What they had done to one bill that was declined; all others are to be paid. */
  readonly givenUp: 'void' | 'uncollectible' | null;
}
