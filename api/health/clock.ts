import { type Finding, ok, problem, warning } from './check.ts';

/** What a person notices, and what no network makes. */
const WARNING_MS = 5_000;
/** Signatures of webhooks bear five times this; links to the account page half of it, and are signed by yet another clock. */
const PROBLEM_MS = 60_000;
const MEND = 'Have both machines keep their time by NTP ("timedatectl set-ntp true" on most Linux systems).';

/**
 * Compares somebody's clock with ours.
 *
 * @param whose `The database's`
 * @param skewMs how far theirs is ahead; what asking took is no part of it.
 */
export function clockFinding(whose: string, skewMs: number): Finding {
  const difference =
    Math.abs(skewMs) < 1_000 ? `${Math.abs(skewMs)} ms` : `${Math.round(Math.abs(skewMs) / 1_000)} s`;
  const finding = `${whose} clock is ${difference} ${skewMs < 0 ? 'behind' : 'ahead of'} this one's.`;
  if (Math.abs(skewMs) > PROBLEM_MS) return problem(finding, MEND);
  return Math.abs(skewMs) > WARNING_MS ? warning(finding, MEND) : ok(finding);
}
