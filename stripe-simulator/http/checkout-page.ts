/** The hosted Checkout page: a person types a test card, sees a decline, and authenticates where the bank wants it. */
import type { CheckoutLine } from '../store.ts';
import type { CheckoutSession } from '../wire.ts';
import { cardFields, challenge, errorNote, TEST_CARDS_NOTE } from './card-form.ts';
import type { Html } from './html.ts';
import { html, money, page, safeUrl } from './html.ts';

/** Where a session's page is, without the host: its `url` ends with this while it is open. */
export function checkoutPath({ id }: CheckoutSession): string {
  return `/_sim/checkout/${encodeURIComponent(id)}`;
}

function titleOf({ mode, amount_total: cents, currency }: CheckoutSession): string {
  return mode === 'setup' ? 'Save a card' : `Pay ${money(cents ?? 0, currency ?? 'usd')}`;
}

function back({ cancel_url: url }: CheckoutSession): Html {
  return url === null ? html`` : html`<p><a href="${safeUrl(url)}">Back</a></p>`;
}

function orderOf(lines: readonly CheckoutLine[]): Html {
  if (lines.length === 0) return html``;
  return html`<table><caption class="soft">Your order</caption>
<thead><tr><th scope="col">Item</th><th scope="col">Quantity</th><th scope="col" class="amount">Amount</th></tr></thead>
<tbody>${lines.map(
    (line) =>
      html`<tr><td>${line.description}</td><td>${line.quantity}</td>
<td class="amount">${money(line.amount_total, line.currency)}</td></tr>`,
  )}</tbody></table>`;
}

/** The card form; `error` is what the bank said to the last card. */
export function checkoutPage(
  session: CheckoutSession,
  lines: readonly CheckoutLine[],
  error?: string,
): string {
  if (session.status !== 'open') return endedPage(session);
  const title = titleOf(session);
  return page(
    title,
    html`${orderOf(lines)}${errorNote(error)}
<form method="post" action="${checkoutPath(session)}">
${cardFields()}
<button class="pay">${title}</button>
</form>
${TEST_CARDS_NOTE}${back(session)}`,
  );
}

/** The separate page of the bank, after a card that wants its owner. */
export function challengePage(session: CheckoutSession, card: string): string {
  if (session.status !== 'open') return endedPage(session);
  return page(
    'Authenticate your payment',
    html`${challenge(`${checkoutPath(session)}/authenticate`, card)}${back(session)}`,
  );
}

function endedPage(session: CheckoutSession): string {
  const why =
    session.status === 'expired' ? 'This page has expired.' : 'You are done here: this page is complete.';
  return page(titleOf(session), html`<p>${why}</p>${back(session)}`);
}
