/** The billing portal: a customer's cards and invoices. https://docs.stripe.com/customer-management */
import type { Store } from '../store.ts';
import type { BillingPortalSession, Customer, PaymentMethod } from '../wire.ts';
import { cardFields, challenge, errorNote, TEST_CARDS_NOTE } from './card-form.ts';
import type { Html } from './html.ts';
import { html, money, page, safeUrl } from './html.ts';

const day = (seconds: number) => new Date(seconds * 1_000).toISOString().slice(0, 10);

function back({ return_url: url }: BillingPortalSession): Html {
  return url == null ? html`` : html`<p><a href="${safeUrl(url)}">Return</a></p>`;
}

function cardOf(path: string, { id, card }: PaymentMethod, isDefault: boolean): Html {
  const name = `${card?.brand ?? 'card'} ending in ${card?.last4 ?? '????'}`;
  return html`<li><strong>${name}</strong> <span class="soft">expires ${card?.exp_month}/${card?.exp_year}</span>
${
  isDefault
    ? html`<span class="good">default</span>`
    : html`<form class="inline" method="post" action="${path}/default">
<button class="plain" name="paymentMethod" value="${id}" aria-label="Make ${name} the default">Make default</button></form>`
}
<form class="inline" method="post" action="${path}/remove">
<button class="plain" name="paymentMethod" value="${id}" aria-label="Remove ${name}">Remove</button></form></li>`;
}

function invoicesOf(store: Store, customer: Customer): Html {
  const invoices = store.invoices.all('customer', customer.id).filter(({ status }) => status !== 'draft');
  if (invoices.length === 0) return html`<p class="soft">No invoices yet.</p>`;
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">Date</th><th scope="col">Number</th><th scope="col">Status</th>
<th scope="col" class="amount">Total</th></tr></thead>
<tbody>${invoices.toReversed().map(
    (invoice) => html`<tr><td>${day(invoice.created)}</td>
<td><a href="${safeUrl(invoice.hosted_invoice_url ?? '#')}">${invoice.number}</a></td><td>${invoice.status}</td>
<td class="amount">${money(invoice.total, invoice.currency)}</td></tr>`,
  )}</tbody></table></div>`;
}

/** The whole portal at `path`, which its forms post below; `error` is what the bank said to the last card. */
export function portalPage(
  store: Store,
  session: BillingPortalSession,
  customer: Customer,
  path: string,
  error?: string,
): string {
  const methods = store.paymentMethods.all('customer', customer.id);
  const chosen = customer.invoice_settings.default_payment_method;
  return page(
    'Billing',
    html`<p class="soft">${customer.name ?? customer.email ?? customer.id}</p>${errorNote(error)}
<h2>Payment methods</h2>
${
  methods.length === 0
    ? html`<p class="soft">No card saved.</p>`
    : html`<ul class="list">${methods.map((method) => cardOf(path, method, method.id === chosen))}</ul>`
}
<h2>Add a card</h2>
<form method="post" action="${path}/add">${cardFields()}<button class="pay">Add card</button></form>
${TEST_CARDS_NOTE}
<h2>Invoices</h2>
${invoicesOf(store, customer)}
${back(session)}`,
  );
}

/** The separate page of the bank, after a card was added that wants its owner. `card` is its name. */
export function portalChallengePage(session: BillingPortalSession, path: string, card: string): string {
  return page('Authenticate your card', html`${challenge(`${path}/authenticate`, card)}${back(session)}`);
}
