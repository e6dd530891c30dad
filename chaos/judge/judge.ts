/** Compares what there is in the end with what the world did. Pure: the same two always give the same findings. */
import { accessProblems } from './access.ts';
import type { Account } from './account.ts';
import { creditProblems } from './credits.ts';
import { doubledFindings } from './doubled.ts';
import { eventFindings } from './events.ts';
import { customerName, type Finding } from './finding.ts';
import { invoiceProblems } from './invoices.ts';
import { placeFindings } from './places.ts';
import type { SeenWorld } from './seen.ts';
import { usageProblems } from './usage.ts';
import { workflowFindings } from './workflows.ts';

/** The rules by which the service ran. */
export interface Rules {
  /** The last month that was closed, `YYYY-MM`. */
  readonly lastMonth: string;
  /** Whether whoever owes has no time left. */
  readonly graceIsOver: boolean;
}

/** @returns what is not as it must be; nothing when all is well. */
export function judge(accounts: readonly Account[], seen: SeenWorld, rules: Rules): Finding[] {
  return [
    ...accounts.flatMap((account) => {
      const about = customerName(account);
      const customer = seen.customers.find((each) => customerName(each) === about);
      if (customer === undefined) return [{ about, what: 'the service does not know them' }];
      return [
        ...usageProblems(account, customer.bills, rules.lastMonth),
        ...invoiceProblems(account, customer),
        ...creditProblems(customer),
        ...accessProblems(account, customer, rules.graceIsOver),
      ].map((what) => ({ about, what }));
    }),
    ...doubledFindings(seen),
    ...placeFindings(seen),
    ...eventFindings(seen),
    ...workflowFindings(seen.workflows),
  ];
}
