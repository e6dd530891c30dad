import type { IRouter, Request } from 'express';
import {
  approveMonth,
  closeMonth,
  decideOnBillsOfMonth,
  retryParkedBills,
} from '../../../api/admin/months/decisions.ts';
import { monthOfPath } from '../../../api/admin/months/month-of-path.ts';
import { billsSchema } from '../../../api/admin/months/schema.ts';
import type { ApiDependencies } from '../../../api/dependencies.ts';
import { HttpError } from '../../../api/errors.ts';
import { addRoute } from '../../../api/route.ts';
import { parse } from '../../../api/validation.ts';
import type { BillsChoice } from '../../../domain/close-decisions.ts';
import { countOfBills } from '../../../domain/close-summary.ts';
import type { Month } from '../../../domain/monthly-close.ts';
import { fieldOf, fieldsOf } from '../../request-values.ts';
import { answerForm, byOf, reasonOf, updateIdOfForm } from '../answer-form.ts';
import { monthPath } from './month-view.ts';

/** What is decided about a month by its page's forms; the page says how it went. */
export function addMonthDecisions(pages: IRouter, dependencies: ApiDependencies): void {
  const post = (name: string, decide: (request: Request, month: Month) => Promise<string>) =>
    addRoute(pages, `/months/:mode/:period/${name}`, {
      post: [
        async (request, response) => {
          const month = monthOfPath(request);
          await answerForm(request, response, monthPath(month), () => decide(request, month));
        },
      ],
    });

  post('close', async (_request, month) => {
    await closeMonth(dependencies, month);
    return `The close of ${month.period} runs.`;
  });

  post('approve', async (request, month) => {
    const by = byOf(request);
    const updateId = updateIdOfForm(request, ['approve', month, by]);
    await approveMonth(dependencies, month, { by, updateId });
    return `${month.period} is approved: its bills go to Stripe.`;
  });

  post('retry-parked', async (request, month) => {
    const by = byOf(request);
    const updateId = updateIdOfForm(request, ['retry-parked', month, by]);
    await retryParkedBills(dependencies, month, { by, updateId });
    return 'The parked bills are tried again.';
  });

  post('hold', async (request, month) => {
    const references = fieldOf(request, 'bills').split(/[\s,]+/);
    const bills = parse(
      billsSchema,
      references.filter((each) => each !== ''),
      'Bills or users',
    );
    const decision = { type: 'hold', bills, by: byOf(request), reason: reasonOf(request) } as const;
    const updateId = updateIdOfForm(request, [month, decision]);
    const held = await decideOnBillsOfMonth(dependencies, month, { ...decision, updateId });
    return `Held: ${countOfBills(held.bills.length)}.`;
  });

  const decideOnHeld = (type: 'release' | 'skip', done: (bills: string) => string) =>
    post(type, async (request, month) => {
      const bills = heldBillsOf(request);
      const by = byOf(request);
      const reason = fieldOf(request, 'reason').trim() === '' ? undefined : reasonOf(request);
      const updateId = updateIdOfForm(request, [type, month, bills, by, reason]);
      const decided = await decideOnBillsOfMonth(dependencies, month, { type, bills, by, reason, updateId });
      return done(countOfBills(decided.bills.length));
    });
  decideOnHeld('release', (bills) => `Released: ${bills}.`);
  decideOnHeld('skip', (bills) => `Skipped: ${bills}. The close does not wait for them.`);
}

/** @throws HttpError `invalid_parameter` */
function heldBillsOf(request: Request): BillsChoice {
  if (fieldOf(request, 'which') === 'all') return 'all';
  const ticked = fieldsOf(request, 'bills');
  if (ticked.length > 0) return parse(billsSchema, ticked, 'Bills');
  throw new HttpError('invalid_parameter', 'Tick the bills that it is about, or choose all that are held');
}
