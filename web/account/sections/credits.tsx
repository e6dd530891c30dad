import type { CreditChange } from '../../../db/credit-history.ts';
import { type CreditCauseKind, parseCreditCause } from '../../../domain/credit-causes.ts';
import { MAX_PURCHASED_CREDITS } from '../../../domain/credits.ts';
import { formatCents, formatUnitPrice } from '../../../domain/money.ts';
import { PRICE_LIST } from '../../../domain/price-list.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { Figures } from '../../components/figures.tsx';
import { Form } from '../../components/form.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Money } from '../../components/values.tsx';
import { dayInWords, momentInWords } from '../../words.ts';
import { accountPath } from '../paths.ts';
import type { CreditsView } from '../view.ts';

/** What is paid in advance: how much is left, what became of it, and how to buy more. */
export function Credits({ credits: { balanceCents, lots, changes } }: { readonly credits: CreditsView }) {
  const expiring = lots.filter(({ expiresAt }) => expiresAt !== null);
  return (
    <section aria-labelledby="credits">
      <h2 id="credits">Credits</h2>
      <Figures figures={[{ name: 'Balance', value: <Money cents={balanceCents} /> }]} />
      <p>Credits pay your bills before your card does.</p>
      {expiring.length === 0 ? null : (
        <ul>
          {expiring.map(({ lot, remainingCents, expiresAt }) => (
            <li key={lot}>
              {`${formatCents(remainingCents)} may be used until ${expiresAt === null ? '' : momentInWords(expiresAt)}.`}
            </li>
          ))}
        </ul>
      )}
      <Form action={accountPath('credits')}>
        <label for="credits-wanted">
          {`Buy credits, at ${formatUnitPrice(PRICE_LIST.credits.unitPriceCents)} each`}
        </label>
        <fieldset role="group">
          <input
            id="credits-wanted"
            name="credits"
            type="number"
            inputMode="numeric"
            min={1}
            max={MAX_PURCHASED_CREDITS}
            step={1}
            value={25}
            required
          />
          <button type="submit">Buy</button>
        </fieldset>
      </Form>
      <Table
        caption="What became of your credits"
        columns={COLUMNS}
        rows={changes}
        keyOf={({ cause }) => cause}
        empty={
          <EmptyState title="You have had no credits yet.">
            What you buy, and what it pays, shows here.
          </EmptyState>
        }
      />
    </section>
  );
}

const COLUMNS: readonly Column<CreditChange>[] = [
  { name: 'Day (UTC)', cell: ({ at }) => dayInWords(at) },
  { name: 'What happened', cell: (change) => whatHappened(change) },
  { name: 'Credits', cell: ({ cents }) => <Money cents={cents} />, isFigure: true },
];

const WORDS: Readonly<Record<CreditCauseKind, { readonly taken: string; readonly given: string }>> = {
  purchase: { taken: 'Bought', given: 'Bought' },
  testPurchase: { taken: 'A test purchase', given: 'A test purchase' },
  bill: { taken: 'Paid a bill', given: 'A bill was corrected' },
  takenBack: { taken: 'Refunded', given: 'A refund failed' },
  expired: { taken: 'Expired', given: 'Expired' },
  other: { taken: 'Granted', given: 'Granted' },
};

function whatHappened({ cause, cents }: CreditChange): string {
  return WORDS[parseCreditCause(cause).kind][cents < 0 ? 'taken' : 'given'];
}
