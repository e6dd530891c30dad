import type { SeenCustomer } from './seen.ts';

/** Is what is left of the credits what was bought, less what was refunded and used? Was each purchase granted once? */
export function creditProblems({ answer, row, bills, creditGrants, stripe }: SeenCustomer): string[] {
  const purchases = stripe?.purchases ?? [];
  const problems = purchases.flatMap(({ sessionId, amountCents }) => {
    const granted = creditGrants.filter((grant) => grant.sessionId === sessionId);
    if (granted.length === 1 && granted[0]?.amountCents === amountCents) return [];
    const what = granted.map((grant) => grant.amountCents).join(' and ') || 'nothing';
    return [`${sessionId} paid for ${amountCents} cents of credits and was granted ${what}`];
  });
  for (const { sessionId } of creditGrants) {
    if (!purchases.some((purchase) => purchase.sessionId === sessionId))
      problems.push(`${sessionId} was granted credits and is not paid`);
  }

  const bought = purchases.reduce((sum, { amountCents }) => sum + amountCents, 0);
  const refunded = purchases.reduce((sum, { refundedCents }) => sum + refundedCents, 0);
  // A correction that came to less than nothing became credits: then its line adds.
  const used = bills
    .flatMap(({ lines }) => lines)
    .filter(({ product }) => product === 'credits')
    .reduce((sum, { amountCents }) => sum - amountCents, 0);
  const wanted = bought - refunded - used;
  const left = answer.creditsCents - row.creditShortfallCents;
  if (left !== wanted)
    problems.push(
      `${left} cents of credits are left; ${bought} were bought, ${refunded} refunded, ${used} used`,
    );
  return problems;
}
