import type { MonthDetails } from '../../../api/admin/months/schema.ts';
import { countOfBills } from '../../../domain/close-summary.ts';
import type { Month } from '../../../domain/monthly-close.ts';
import { Form } from '../../components/form.tsx';
import { Money } from '../../components/values.tsx';
import { monthInWords } from '../../words.ts';
import { ByField, DecisionId, ReasonField } from '../components/decision.tsx';
import { monthPath } from './month-view.ts';

interface DecisionProps {
  readonly month: Month;
  readonly summary: MonthDetails['summary'];
}

/** Starts the close. What goes out can't be called back, only voided in Stripe. */
export function CloseForm({ month, summary }: DecisionProps) {
  const isFirst = summary.bills === 0;
  return (
    <details>
      <summary>{isFirst ? 'Close the month' : 'Close the month again'}</summary>
      <p>
        {isFirst
          ? `Freezes what everybody has used up to the end of ${monthInWords(month.period)}, and has Stripe make an invoice of each bill.`
          : 'Bills who has none yet, and sends what is frozen or parked. What has gone to Stripe does not go again.'}
      </p>
      <p>
        With BILLING_APPROVAL=required the close then waits for an approval before anything goes out;
        otherwise the invoices go out at once.
      </p>
      <Form action={monthPath(month, 'close')}>
        <button type="submit">{`Close ${monthInWords(month.period)} now`}</button>
      </Form>
    </details>
  );
}

/** Lets a month go out that waits with BILLING_APPROVAL=required: all that is frozen or parked, but nothing that is held. */
export function ApproveForm({ month, summary }: DecisionProps) {
  const { frozen, parked } = summary.byStatus;
  const cents = frozen.cents + parked.cents;
  return (
    <details>
      <summary>Approve the month</summary>
      <Form action={monthPath(month, 'approve')}>
        <p>
          <strong>{countOfBills(frozen.bills + parked.bills)}</strong>, <Money cents={cents} /> in all, go to
          Stripe as invoices. This can't be called back. Held bills stay.
        </p>
        <DecisionId />
        <ByField id="approve-by" />
        <button type="submit">Approve, and send the invoices</button>
      </Form>
    </details>
  );
}

/** Keeps frozen bills from going out, with a reason, until somebody releases them. */
export function HoldForm({ month }: Pick<DecisionProps, 'month'>) {
  return (
    <details>
      <summary>Hold bills</summary>
      <Form action={monthPath(month, 'hold')}>
        <p>Frozen bills that are held go nowhere before they are released.</p>
        <DecisionId />
        <label for="hold-bills">Bills or users</label>
        <input
          id="hold-bills"
          name="bills"
          required
          autocomplete="off"
          spellcheck={false}
          aria-describedby="hold-bills-hint"
        />
        <small id="hold-bills-hint">
          Ids of bills (bill_…), or of users for all of their bills of the month; a space between them.
        </small>
        <ReasonField id="hold-reason" />
        <ByField id="hold-by" />
        <button type="submit">Hold these bills</button>
      </Form>
    </details>
  );
}

/** Sends the parked bills to Stripe once more. Nobody is billed twice by it: a bill has one invoice, however often it is sent. */
export function RetryParkedForm({ month, summary }: DecisionProps) {
  return (
    <details>
      <summary>Try the parked bills again</summary>
      <Form action={monthPath(month, 'retry-parked')}>
        <p>
          {`${countOfBills(summary.byStatus.parked.bills)} will be sent to Stripe once more: mend what stops them first. What is refused again is parked again.`}
        </p>
        <DecisionId />
        <ByField id="retry-by" />
        <button type="submit">Try them again</button>
      </Form>
    </details>
  );
}
