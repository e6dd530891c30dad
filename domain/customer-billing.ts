import { type CustomerCommand, nextCommand } from './customer-commands.ts';
import type { CustomerFacts } from './customer-facts.ts';
import { type CustomerStanding, standingOf } from './customer-standing.ts';

/** The next thing to do for a customer, or, once nothing is left, where that leaves them. */
export type Decision =
  | { readonly command: CustomerCommand; readonly standing?: never }
  | { readonly standing: CustomerStanding; readonly command?: never };

/**
 * All rules of access in one pure function. The workflow looks, asks, does, and asks again, until it hears a standing.
 *
 * @param done commands tried in this step already, see {@link nextCommand}.
 * @param nowMs Unix milliseconds.
 */
export function decide(
  facts: CustomerFacts,
  done: ReadonlySet<CustomerCommand['type']>,
  nowMs: number,
): Decision {
  const command = nextCommand(facts, done, nowMs);
  return command === null ? { standing: standingOf(facts, nowMs) } : { command };
}
