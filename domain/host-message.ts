import type { BillingStatus, WaitingFor } from './customer-standing.ts';

/** What the host product is told when a user's access changes. */
export interface HostMessage {
  /** The same for every attempt to deliver it. */
  readonly id: string;
  /** When the access changed, Unix milliseconds. */
  readonly changedAtMs: number;
  readonly userId: string;
  readonly access: CustomerAccess;
}

/** May the user use their cluster, and which one? */
export interface CustomerAccess {
  readonly status: BillingStatus;
  readonly waitingFor: WaitingFor | null;
  readonly reason: string;
  readonly clusterId: string | null;
  readonly graceEndsAtMs: number | null;
}
