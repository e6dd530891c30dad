import { ActivityFailure, condition, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { CustomerKey } from '../domain/customer-key.ts';
import type { CustomerAccess, HostMessage } from '../domain/host-message.ts';
import type { Mode } from '../domain/mode.ts';
import { hookActivities } from './activities.ts';

/** What continue-as-new carries over of what the host product was told. */
export interface CarriedHostMessages {
  /** On its way, or to be sent. */
  readonly unsent: HostMessage | null;
  /** What the last message said. */
  readonly told: CustomerAccess;
  readonly messages: number;
  /** What is to be told after `unsent`; `null`: nothing else. Runs that older code began carry neither this nor the next. */
  readonly newest?: Omit<HostMessage, 'id'> | null;
  /** Why the last message was given up, if it was. */
  readonly problem?: string | null;
}

/** What the host product takes for granted of somebody it has only registered. */
export const NOBODY_YET: CustomerAccess = {
  status: 'none',
  waitingFor: 'checkout',
  reason: '',
  clusterId: null,
  graceEndsAtMs: null,
};

/**
 * Keeps the host product informed of a customer's access: one message at a time, in order. While it does not answer, what
 * changes in between is left out; the newest always follows. The same message keeps its id, also in the next run.
 */
export class HostMessages {
  #unsent: HostMessage | null;
  #told: CustomerAccess;
  #messages: number;
  /** What is to be told after the message under way. */
  #newest: Omit<HostMessage, 'id'> | null;
  /** Why the last message was given up, if it was. */
  problem: string | null;

  constructor(carried?: CarriedHostMessages) {
    this.#unsent = carried?.unsent ?? null;
    this.#told = carried?.told ?? NOBODY_YET;
    this.#messages = carried?.messages ?? 0;
    this.#newest = carried?.newest ?? null;
    this.problem = carried?.problem ?? null;
  }

  /** The customer's access is so now. */
  accessIs(userId: string, access: CustomerAccess, nowMs: number): void {
    this.#newest = { userId, access, changedAtMs: nowMs };
    this.#compose();
  }

  /** Sends what is to be sent, for as long as the workflow runs. Beside the loop: a host that hangs must not hold up billing. */
  async send({ mode }: CustomerKey): Promise<void> {
    try {
      for (;;) {
        await condition(() => this.#unsent !== null);
        const message = this.#unsent;
        if (message === null) continue;
        this.problem = await deliver(mode, message);
        this.#unsent = null;
        this.#compose();
      }
    } catch (error) {
      if (!isCancellation(error)) throw error;
    }
  }

  carry(): CarriedHostMessages {
    return {
      unsent: this.#unsent,
      told: this.#told,
      messages: this.#messages,
      newest: this.#newest,
      problem: this.problem,
    };
  }

  #compose(): void {
    if (this.#unsent !== null || this.#newest === null || isSame(this.#newest.access, this.#told)) return;
    this.#messages += 1;
    // The first run's id: a workflow that was ended and started anew must not repeat the ids of the one before.
    const id = `msg_${workflowInfo().firstExecutionRunId}_${this.#messages}`;
    this.#unsent = { id, ...this.#newest };
    this.#told = this.#newest.access;
  }
}

/** @returns why it was given up, or `null` when the host product has it. */
async function deliver(mode: Mode, message: HostMessage): Promise<string | null> {
  try {
    await hookActivities.notifyHost({ mode, message });
    return null;
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    return error.cause?.message ?? error.message;
  }
}

function isSame(a: CustomerAccess, b: CustomerAccess): boolean {
  return (
    a.status === b.status &&
    a.waitingFor === b.waitingFor &&
    a.clusterId === b.clusterId &&
    a.graceEndsAtMs === b.graceEndsAtMs
  );
}
