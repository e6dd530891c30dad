import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { reportOf, startClose } from '../cli/close.ts';
import type { BillingPeriod } from '../domain/billing-period.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import type { Finding } from './judge/finding.ts';

const AGAIN_AFTER_MS = 1_000;

/** What the operators of a run close, and until when they try again. */
export interface Closes {
  readonly temporal: Client;
  readonly months: readonly BillingPeriod[];
  /** Resolves when the month of this index is to be closed. */
  readonly isTimeFor: (index: number) => Promise<unknown>;
  /** Nobody tries any longer. */
  readonly gaveUp: AbortSignal;
}

/** Closes one month after the other, in both modes at once. One that never ends is a finding. */
export async function closeMonths(closes: Closes): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [index, period] of closes.months.entries()) {
    await closes.isTimeFor(index);
    findings.push(...(await Promise.all(MODES.map((mode) => close(closes, mode, period)))).flat());
  }
  return findings;
}

/** As an operator does who tries again what did not work. */
async function close({ temporal, gaveUp }: Closes, mode: Mode, period: BillingPeriod): Promise<Finding[]> {
  let problem: unknown;
  while (!gaveUp.aborted) {
    problem = 'it does not end';
    try {
      const ended = startClose(temporal, { mode, period }).then(reportOf);
      if (await Promise.race([ended.then(() => true), once(gaveUp, 'abort').then(() => false)])) return [];
    } catch (error) {
      problem = error;
      await sleep(AGAIN_AFTER_MS);
    }
  }
  return [{ about: `the close of ${period} (${mode})`, what: String(problem) }];
}
