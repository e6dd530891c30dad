import type { MonthDetails } from '../../../api/admin/months/schema.ts';
import { countOfBills } from '../../../domain/close-summary.ts';
import type { Month } from '../../../domain/monthly-close.ts';
import { MAX_TEXT_LENGTH } from '../../../domain/operator-decisions.ts';
import { Form } from '../../components/form.tsx';
import { ByField, DecisionId } from '../components/decision.tsx';
import { monthPath } from './month-view.ts';
import type { Offered } from './offered.ts';
import { StoppedBills } from './stopped-bills.tsx';

interface HeldBillsProps {
  readonly month: Month;
  readonly details: Pick<MonthDetails, 'summary' | 'awaitingRelease'>;
  readonly offered: Offered;
}

/** What waits for a person to release or skip it, with both. */
export function HeldBills({ month, details: { summary, awaitingRelease }, offered }: HeldBillsProps) {
  const count = summary.byStatus.held.bills;
  if (count === 0) return null;
  const bills = { caption: 'Held bills', mode: month.mode, bills: summary.held, count };
  return (
    <section>
      <h2>Held</h2>
      <p>{heldSentence(count, awaitingRelease)}</p>
      {offered.release || offered.skip ? (
        <Form action={monthPath(month, 'release')}>
          <StoppedBills {...bills} canBeChosen />
          <details>
            <summary>Release or skip</summary>
            <DecisionId />
            <fieldset>
              <legend>Which bills</legend>
              <label>
                <input type="radio" name="which" value="chosen" checked />
                Those that are ticked above
              </label>
              <label>
                <input type="radio" name="which" value="all" />
                {`All that are held: ${countOfBills(count)}`}
              </label>
            </fieldset>
            <label for="held-reason">Reason, if there is more to say</label>
            <input id="held-reason" name="reason" maxLength={MAX_TEXT_LENGTH} autocomplete="off" />
            <ByField id="held-by" />
            <p>
              What is released goes to Stripe and can't be called back. What is skipped stays held, the close
              ends without it, and it can be released later.
            </p>
            <div class="grid">
              {offered.release ? <button type="submit">Release: send the invoices</button> : null}
              {offered.skip ? (
                <button type="submit" class="secondary" formAction={monthPath(month, 'skip')}>
                  Skip: end without them
                </button>
              ) : null}
            </div>
          </details>
        </Form>
      ) : (
        <StoppedBills {...bills} />
      )}
    </section>
  );
}

function heldSentence(held: number, awaitingRelease: number): string {
  const skipped = held - awaitingRelease;
  if (skipped === 0) return `${countOfBills(held)} ${held === 1 ? 'waits' : 'wait'} for a person.`;
  const wasSkipped =
    skipped === 1
      ? '1 was skipped: no close waits for it.'
      : `${skipped.toLocaleString('en-US')} were skipped: no close waits for them.`;
  return `${countOfBills(held)} ${held === 1 ? 'is' : 'are'} held. ${wasSkipped}`;
}
