import { STRIPE_VARIABLES } from '../../../config/mode-variables.ts';
import { hasUsers } from '../../../db/users.ts';
import { countWaitingBills, type WaitingBills } from '../../../db/waiting-bills.ts';
import { countReceipts } from '../../../db/webhook-receipts.ts';
import { DAY_MS } from '../../../domain/days.ts';
import { MODES, type Mode } from '../../../domain/mode.ts';
import { formatCents } from '../../../domain/money.ts';
import type { ApiDependencies } from '../../dependencies.ts';
import { type Check, check, ok, problem, warning } from '../../health/check.ts';
import { MEND_READING } from '../../health/database-checks.ts';
import { webhookSecretFinding } from '../../health/webhook-secret.ts';
import type { ReadLastMonths } from '../../month-metrics.ts';
import { countCustomersWithAttention } from '../../temporal/health.ts';
import { checkReconciliation } from './reconciliation-check.ts';

/** Does Stripe reach us, and does anything wait for a person? Of Stripe itself nothing is asked: the api never does. */
export async function checkBilling(
  dependencies: ApiDependencies,
  lastMonths: ReadLastMonths,
): Promise<Check[]> {
  const ofModes = MODES.flatMap((mode) => [
    checkWebhookSecret(dependencies, mode),
    checkWebhooks(dependencies, mode),
    checkCustomers(dependencies, mode),
    checkBills(dependencies, mode),
    checkLastMonth(dependencies, mode, lastMonths),
    checkReconciliation(dependencies, mode),
  ]);
  return await Promise.all(ofModes);
}

async function checkWebhookSecret({ webhookSecrets }: ApiDependencies, mode: Mode): Promise<Check> {
  const name = STRIPE_VARIABLES[mode].webhookSecret;
  return await check({ id: 'webhook_secret', mode, mend: `Set ${name}.` }, () => {
    const secrets = webhookSecrets[mode].length;
    return Promise.resolve(
      secrets === 0
        ? warning(
            `${name} is not set: Stripe's ${mode} mode is not used here.`,
            `To use it, set ${name} and the mode's key.`,
          )
        : webhookSecretFinding(name, secrets),
    );
  });
}

async function checkWebhooks(
  { db, webhookSecrets, now = () => new Date() }: ApiDependencies,
  mode: Mode,
): Promise<Check> {
  return await check({ id: 'webhooks', mode, mend: MEND_READING }, async () => {
    const counts = await countReceipts(db, mode, new Date(now().getTime() - DAY_MS));
    const { lastVerifiedAt, refused, failed: unstored, accepted, ignored } = counts;
    if (lastVerifiedAt === null) {
      const finding = "No webhook of Stripe's has come in yet.";
      if (webhookSecrets[mode].length === 0) return ok(finding);
      return warning(finding, "See in Stripe's Dashboard that its endpoint is this one, and what it says.");
    }
    const finding = `The last webhook came in at ${lastVerifiedAt.toISOString()}; in a day: ${accepted} accepted, ${ignored} ignored, ${refused} refused, ${unstored} failed.`;
    if (refused + unstored === 0) return ok(finding);
    return warning(finding, 'The list of events says why; Stripe sends those that failed again.');
  });
}

async function checkCustomers({ temporal }: ApiDependencies, mode: Mode): Promise<Check> {
  const mend = 'See that Temporal answers and has the search attributes.';
  return await check({ id: 'customers', mode, mend }, async () => {
    const customers = await countCustomersWithAttention(temporal, mode);
    if (customers === 0) return ok('No customer waits for one of us.');
    return warning(
      `${customers === 1 ? '1 customer wants' : `${customers} customers want`} a person to look.`,
      'List them in the Temporal Web UI by BillingAttention = true: each says why.',
    );
  });
}

async function checkBills({ db }: ApiDependencies, mode: Mode): Promise<Check> {
  return await check({ id: 'bills', mode, mend: MEND_READING }, async () => {
    const waiting = await countWaitingBills(db, mode);
    if (waiting.length === 0) return ok('No bill is parked or held.');
    return warning(
      `${waiting.map(sentenceOf).join(', ')}.`,
      'The months say why; mend what Stripe says and retry the parked, release or skip the held.',
    );
  });
}

function sentenceOf({ period, status, bills }: WaitingBills): string {
  return `${bills} ${status} of ${period}`;
}

async function checkLastMonth(
  { db }: ApiDependencies,
  mode: Mode,
  lastMonths: ReadLastMonths,
): Promise<Check> {
  return await check({ id: 'last_month', mode, mend: MEND_READING }, async () => {
    const months = await lastMonths();
    if (months === undefined)
      return warning('The balance of the last month is being read.', 'Ask again in a minute.');
    const month = months.find((each) => each.mode === mode);
    if (month === undefined) {
      if (!(await hasUsers(db, mode))) return ok('There are no users yet.');
      return warning(
        'The balance of the last month is not known.',
        "Ask again in a minute; if it stays so, the api's log says why it can not be read.",
      );
    }
    const { period, usedCents, unbilledCents, contradictions } = month;
    if (contradictions > 0)
      return problem(
        `${period}: of ${contradictions} users the totals contradict the lines of their bills.`,
        `Nothing of ours writes one without the other: look for what was changed by hand ("billing balance ${period}").`,
      );
    return ok(`${period}: used ${formatCents(usedCents)}, of it ${formatCents(unbilledCents)} on no bill.`);
  });
}
