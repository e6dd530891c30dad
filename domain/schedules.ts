import type { Mode } from './mode.ts';
import { SCHEDULED_MONTHLY_BILLING_WORKFLOW } from './monthly-close.ts';
import { SCHEDULED_RECONCILIATION_WORKFLOW } from './reconciliation.ts';

/** A Schedule that a worker makes sure of in each mode that has a Stripe key. */
export interface BillingSchedule {
  /** What it is for; its name in lists of checks. */
  readonly name: string;
  readonly scheduleId: (mode: Mode) => string;
  /** In UTC. */
  readonly cron: string;
  /** What it starts, with the mode. */
  readonly workflowType: string;
  /** What becomes of a run that is due while the one before goes on: it waits for that, or there is none. */
  readonly overlap: 'BUFFER_ONE' | 'SKIP';
  /** How far back a run that was missed, because nothing ran, is caught up with. */
  readonly catchUp: '30 days' | '1 hour';
}

/** 00:00 on the 1st. A month may still wait for a person when the next one has ended. */
export const MONTHLY_BILLING_SCHEDULE: BillingSchedule = {
  name: 'monthly-billing',
  scheduleId: (mode) => `monthly-billing-${mode}`,
  cron: '0 0 1 * *',
  workflowType: SCHEDULED_MONTHLY_BILLING_WORKFLOW,
  overlap: 'BUFFER_ONE',
  catchUp: '30 days',
};

/**
 * Every hour. Half past, so that the day's comparison of all objects does not begin together with a close. A run looks at all there is, so
 * of those that were missed the last is enough.
 */
export const RECONCILIATION_SCHEDULE: BillingSchedule = {
  name: 'reconciliation',
  scheduleId: (mode) => `reconciliation-${mode}`,
  cron: '30 * * * *',
  workflowType: SCHEDULED_RECONCILIATION_WORKFLOW,
  overlap: 'SKIP',
  catchUp: '1 hour',
};

/** All there are: a worker makes sure of each, and the health checks look at each. */
export const SCHEDULES: readonly BillingSchedule[] = [MONTHLY_BILLING_SCHEDULE, RECONCILIATION_SCHEDULE];
