import type { UserChoice } from '../../../db/user-lists.ts';
import { MAX_PURCHASED_CREDITS } from '../../../domain/credits.ts';
import { formatUnitPrice } from '../../../domain/money.ts';
import { PRICE_LIST } from '../../../domain/price-list.ts';
import { TEST_CARD_NAMES, type TestCard } from '../../../domain/test-purchase.ts';
import { Form, FormProblem } from '../../components/form.tsx';
import { tabPath } from '../tabs.ts';
import { UserField } from './users.tsx';

/** What was typed into the form. */
export interface PurchaseFields {
  readonly purchaseId: string;
  readonly userId: string;
  readonly credits: string;
  readonly card: string;
}

/** What the form of a new purchase shows: nothing yet, or what was sent with something wrong. */
export interface PurchaseForm extends PurchaseFields {
  readonly problem: string | null;
}

/** Stripe's test card behind each choice, and what comes of it. https://docs.stripe.com/testing */
export const CARD_WORDS: Readonly<Record<TestCard, string>> = {
  success: '4242 4242 4242 4242: the payment succeeds',
  decline: '4000 0000 0000 0002: the card is declined',
  authentication: '4000 0025 0000 3155: the bank wants a confirmation',
};

interface NewPurchaseProps {
  readonly form: PurchaseForm;
  readonly users: readonly UserChoice[];
}

/** Asks for a test purchase: who buys how many credits with which card. */
export function NewPurchase({ form, users }: NewPurchaseProps) {
  const { purchaseId, userId, credits, card, problem } = form;
  return (
    <Form action={tabPath('test-billing', 'purchases')}>
      <FormProblem id="purchase-problem" text={problem} />
      {/* Made with the page: pressed twice, it is one purchase. */}
      <input type="hidden" name="purchaseId" value={purchaseId} />
      <div class="grid">
        <UserField
          id="userId"
          label="User"
          hint="Any user of live or test mode."
          value={userId}
          users={users}
        />
        <div>
          <label for="credits">Credits</label>
          <input
            id="credits"
            name="credits"
            type="number"
            inputMode="numeric"
            min={1}
            max={MAX_PURCHASED_CREDITS}
            step={1}
            required
            value={credits}
            aria-describedby="credits-hint"
          />
          <small id="credits-hint">
            {`A credit costs ${formatUnitPrice(PRICE_LIST.credits.unitPriceCents)}, which nobody pays.`}
          </small>
        </div>
      </div>
      <fieldset>
        <legend>Card</legend>
        {TEST_CARD_NAMES.map((each) => (
          <label key={each}>
            <input type="radio" name="card" value={each} checked={each === card} required />
            {CARD_WORDS[each]}
          </label>
        ))}
      </fieldset>
      <button type="submit">Start the test purchase</button>
    </Form>
  );
}
