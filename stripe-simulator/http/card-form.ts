/** The form where a person types a card, shared by Checkout, the billing portal and the invoice page. */
import { z } from 'zod';
import { cardError } from '../errors.ts';
import type { Html } from './html.ts';
import { html } from './html.ts';

/** What the form sends. Only the number chooses how the card behaves; `checkCardForm` looks at the rest. */
export const cardForm = z.object({
  cardNumber: z.string(),
  expiry: z.string().optional(),
  cvc: z.string().optional(),
});

/** The fields, with a card that works in them. */
export function cardFields(): Html {
  return html`<label>Card number
  <input name="cardNumber" inputmode="numeric" autocomplete="off" value="4242 4242 4242 4242" required></label>
<div class="row">
<label>Expiry (MM / YY)
  <input name="expiry" inputmode="numeric" autocomplete="off" value="12 / 39" required></label>
<label>CVC
  <input name="cvc" inputmode="numeric" autocomplete="off" value="123" required></label>
</div>`;
}

/**
 * What the page itself checks before it asks a bank.
 * @throws 402 as Stripe words it.
 */
export function checkCardForm({ expiry, cvc }: z.output<typeof cardForm>, now: number): void {
  if (expiry !== undefined) checkExpiry(expiry, new Date(now * 1_000));
  if (cvc !== undefined && !/^\d{3,4}$/.test(cvc.trim())) {
    throw cardError("Your card's security code is invalid.", { code: 'invalid_cvc', param: 'cvc' });
  }
}

function checkExpiry(expiry: string, today: Date): void {
  const [, month = '', year = ''] = /^\s*(\d{1,2})\s*\/?\s*(\d{2}|\d{4})\s*$/.exec(expiry) ?? [];
  if (month === '' || Number(month) < 1 || Number(month) > 12) {
    throw cardError("Your card's expiration month is invalid.", {
      code: 'invalid_expiry_month',
      param: 'exp_month',
    });
  }
  const fullYear = Number(year) + (year.length === 2 ? 2_000 : 0);
  // A card is good until the last moment of its month.
  if (Date.UTC(fullYear, Number(month)) <= today.getTime()) {
    throw cardError("Your card's expiration year is invalid.", {
      code: 'invalid_expiry_year',
      param: 'exp_year',
    });
  }
}

/** The bank's own page: a card that wants its owner leads here. `card` is its name, never its number. */
export function challenge(action: string, card: string): Html {
  return html`<p>Your bank wants to know that it is you (3-D Secure).</p>
<form method="post" action="${action}">
  <input type="hidden" name="card" value="${card}">
  <div class="row">
  <button name="authenticate" value="complete">Complete authentication</button>
  <button class="plain" name="authenticate" value="fail">Fail authentication</button>
  </div>
</form>`;
}

/** What the buttons of `challenge` send: the test card's name, and what its owner did. */
export const challengeForm = z.object({ card: z.string(), authenticate: z.enum(['complete', 'fail']) });

/** The same choice in the JSON that stands for the pages: nothing yet, authenticated, or failed to. */
export const authenticationChoice = z.union([z.boolean(), z.literal('fail')]).default(false);

/** Why the last card was refused, in Stripe's words; nothing when there was none. */
export function errorNote(error: string | undefined): Html {
  return error === undefined ? html`` : html`<p class="error" role="alert">${error}</p>`;
}

/** Below every card form, so that nobody types a real card. */
export const TEST_CARDS_NOTE = html`<p class="note">Stripe simulator: test cards only, and no number is kept.
4242 4242 4242 4242 works, 4000 0000 0000 0002 is declined, 4000 0025 0000 3155 wants its owner.</p>`;
