/** The hosted invoice page, where a person pays: `hosted_invoice_url` leads here. https://docs.stripe.com/invoicing/hosted-invoice-page */
import { z } from 'zod';
import { testCardOf } from '../behaviour/cards.ts';
import type { PagePayment } from '../behaviour/invoice-payment.ts';
import {
  confirmWaitingPayment,
  isPayable,
  payWithCard,
  waitingMethod,
} from '../behaviour/invoice-payment.ts';
import { resourceMissing, unrecognizedUrl } from '../errors.ts';
import type { Operation } from '../operation.ts';
import type { Store } from '../store.ts';
import type { Invoice, InvoiceLineItem } from '../wire.ts';
import {
  authenticationChoice,
  cardFields,
  cardForm,
  challenge,
  challengeForm,
  checkCardForm,
  errorNote,
  TEST_CARDS_NOTE,
} from './card-form.ts';
import type { Html } from './html.ts';
import { html, money, page } from './html.ts';
import { invoicePdf } from './invoice-pdf.ts';
import type { Answer } from './message.ts';
import { htmlAnswer, jsonAnswer } from './message.ts';
import type { Visit } from './visit.ts';
import { act, fields, findIn, orTold, seeOther } from './visit.ts';

const paySchema = z.strictObject({
  cardNumber: z.string().min(1).optional(),
  authenticate: authenticationChoice,
});

/** Answers `GET` and `POST` below `/_sim/invoices/:id`. */
export function visitInvoice(visit: Visit, id: string, action: string): Answer {
  const { method, simulation, url } = visit;
  const place = findIn(simulation, ({ store }) => store.invoices.get(id));
  if (place === undefined) throw resourceMissing('invoice', id, 'id');
  const { mode, found: invoice } = place;
  const path = `/_sim/invoices/${encodeURIComponent(id)}`;
  const show = (error?: string) => invoicePage(mode.store, id, path, error);
  const attempt = (work: (operation: Operation) => PagePayment) =>
    act(visit, mode, (operation) => work(operation.at(invoice.customer)));
  switch (`${method} ${action}`) {
    case 'GET ':
      return htmlAnswer(200, show());
    case 'POST ':
      return orTold(() => {
        const given = cardForm.parse(fields(visit));
        checkCardForm(given, simulation.clock.now());
        const { outcome } = attempt((operation) => payWithCard(operation, invoice, given.cardNumber, false));
        return seeOther(outcome === 'paid' ? path : `${path}/authenticate`);
      }, show);
    case 'GET pdf':
      if (invoice.status === 'draft') throw unrecognizedUrl(method, url.pathname);
      return invoicePdf(invoice, mode.store.invoiceLines.all('invoice', id));
    case 'GET authenticate': {
      const waiting = waitingMethod(mode.store, invoice);
      if (waiting === undefined) return seeOther(path);
      const card = act(visit, mode, (operation) => testCardOf(operation, waiting.id)?.name);
      return htmlAnswer(200, page('Authenticate your payment', challenge(url.pathname, card ?? '')));
    }
    case 'POST authenticate':
      return orTold(() => {
        const succeeds = challengeForm.parse(fields(visit)).authenticate === 'complete';
        attempt((operation) => confirmWaitingPayment(operation, invoice, succeeds ? true : 'fail'));
        return seeOther(path);
      }, show);
    case 'POST pay': {
      const { cardNumber, authenticate } = paySchema.parse(JSON.parse(visit.body));
      const result = attempt((operation) =>
        cardNumber === undefined
          ? confirmWaitingPayment(operation, invoice, authenticate)
          : payWithCard(operation, invoice, cardNumber, authenticate),
      );
      return jsonAnswer(200, result);
    }
    default:
      throw unrecognizedUrl(method, url.pathname);
  }
}

/** The invoice as it is now; `error` is what the bank said to the last card. */
function invoicePage(store: Store, id: string, path: string, error?: string): string {
  const invoice = store.invoices.get(id);
  if (invoice === undefined) throw resourceMissing('invoice', id, 'id');
  return page(
    `Invoice ${invoice.number ?? invoice.id}`,
    html`<p class="soft">${invoice.customer_name ?? invoice.customer_email}</p>
<p class="soft">${invoice.description}</p>
${linesOf(invoice, store.invoiceLines.all('invoice', id))}
${invoice.status === 'open' ? html`` : html`<p>This invoice is ${invoice.status}.</p>`}${errorNote(error)}
${isPayable(invoice) ? paymentForms(store, invoice, path) : html``}`,
  );
}

function linesOf({ amount_remaining: due, currency, total }: Invoice, lines: InvoiceLineItem[]): Html {
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">Item</th><th scope="col">Quantity</th><th scope="col" class="amount">Amount</th></tr></thead>
<tbody>${lines.map(
    (line) => html`<tr><td>${line.description}</td><td>${line.quantity_decimal}</td>
<td class="amount">${money(line.amount, currency)}</td></tr>`,
  )}</tbody>
<tfoot><tr><th scope="row" colspan="2">Total</th><td class="amount">${money(total, currency)}</td></tr>
<tr><th scope="row" colspan="2">Due</th><td class="amount">${money(due, currency)}</td></tr></tfoot>
</table></div>`;
}

/** The way to the bank, if a payment waits for its owner, and the form for any card. */
function paymentForms(store: Store, invoice: Invoice, path: string): Html {
  const card = waitingMethod(store, invoice)?.card;
  return html`${
    card === undefined
      ? html``
      : html`<form action="${path}/authenticate">
<button class="pay">Confirm the payment with ${card.brand} ending in ${card.last4}</button>
</form>
<h2>Or pay with another card</h2>`
  }
<form method="post" action="${path}">
${cardFields()}
<button class="pay">Pay ${money(invoice.amount_remaining, invoice.currency)}</button>
</form>
${TEST_CARDS_NOTE}`;
}
