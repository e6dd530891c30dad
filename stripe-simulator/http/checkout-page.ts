/** The hosted Checkout page: a form where a person types a test card. */
import type { CheckoutSession } from '../wire.ts';

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

function layout(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto; padding: 0 1rem; color: #1a1f36; }
  input, button { font: inherit; width: 100%; padding: .6rem; margin: .3rem 0 1rem; box-sizing: border-box; }
  button { background: #635bff; color: white; border: 0; border-radius: .4rem; cursor: pointer; }
  .error { color: #b3093c; } .note { color: #697386; font-size: .85rem; }
</style>
<h1>${escape(title)}</h1>
${body}
</html>
`;
}

function amountOf({ mode, amount_total: cents, currency }: CheckoutSession): string {
  if (mode === 'setup') return 'Save a card';
  return `Pay ${((cents ?? 0) / 100).toFixed(2)} ${(currency ?? 'usd').toUpperCase()}`;
}

/** The card form; after a card that wants its owner, the 3-D Secure step. */
export function checkoutPage(
  session: CheckoutSession,
  state: { error?: string; authenticate?: string } = {},
): string {
  const title = amountOf(session);
  const action = `/_sim/checkout/${escape(session.id)}`;
  const back = session.cancel_url === null ? '' : `<p><a href="${escape(session.cancel_url)}">Back</a></p>`;
  if (session.status !== 'open')
    return layout(title, `<p>This page is ${escape(String(session.status))}.</p>${back}`);
  if (state.authenticate !== undefined) {
    return layout(
      'Your bank wants to know that it is you',
      `<form method="post" action="${action}">
  <input type="hidden" name="cardNumber" value="${escape(state.authenticate)}">
  <button name="authenticate" value="true">Complete authentication</button>
</form>${back}`,
    );
  }
  const error = state.error === undefined ? '' : `<p class="error" role="alert">${escape(state.error)}</p>`;
  return layout(
    title,
    `${error}<form method="post" action="${action}">
  <label>Card number <input name="cardNumber" inputmode="numeric" autocomplete="off" value="4242 4242 4242 4242" required></label>
  <button>${escape(title)}</button>
</form>
<p class="note">Stripe simulator: test cards only. No card number is kept.</p>${back}`,
  );
}

/** Where there is nothing to do but read. */
export function plainPage(title: string, text: string): string {
  return layout(title, `<p>${escape(text)}</p>`);
}
