/** The pages that Stripe hosts, and what a person does on them: here Checkout and the billing portal. */
import { z } from 'zod';
import type { Authentication } from '../behaviour/card-setup.ts';
import { setUpCard } from '../behaviour/card-setup.ts';
import { chooseDefaultMethod, detachPaymentMethod } from '../behaviour/cards.ts';
import { completeCheckout } from '../behaviour/checkout-completion.ts';
import { findCustomer, findPaymentMethod } from '../behaviour/find.ts';
import type { TestCard } from '../behaviour/test-cards.ts';
import { cardByName, cardOrDecline } from '../behaviour/test-cards.ts';
import { invalidRequest, resourceMissing, unrecognizedUrl } from '../errors.ts';
import type { Mode } from '../mode.ts';
import type { Operation } from '../operation.ts';
import { decodeSegment } from '../router.ts';
import type { Simulation } from '../simulation.ts';
import type { BillingPortalSession, CheckoutSession, Customer } from '../wire.ts';
import { authenticationChoice, cardForm, challengeForm, checkCardForm } from './card-form.ts';
import { challengePage, checkoutPage, checkoutPath } from './checkout-page.ts';
import { visitIntent } from './intent-page.ts';
import { visitInvoice } from './invoice-page.ts';
import type { Answer } from './message.ts';
import { htmlAnswer, jsonAnswer } from './message.ts';
import { portalChallengePage, portalPage } from './portal-page.ts';
import type { Visit } from './visit.ts';
import { act, fields, findIn, orTold, seeOther } from './visit.ts';

const completeSchema = z.strictObject({
  cardNumber: z.string().min(1),
  authenticate: authenticationChoice,
});

/** Answers `GET` and `POST` below `/_sim/checkout`, `/_sim/intents`, `/_sim/portal` and `/_sim/invoices`. */
export function handleHostedPage(simulation: Simulation, method: string, url: URL, body: string): Answer {
  const visit: Visit = { simulation, method, url, body };
  const [, , kind, id = '', action = ''] = url.pathname.split('/').map(decodeSegment);
  switch (kind) {
    case 'checkout':
      return visitCheckout(visit, id, action);
    case 'intents':
      return visitIntent(visit, id);
    case 'portal':
      return visitPortal(visit, id, action);
    case 'invoices':
      return visitInvoice(visit, id, action);
    default:
      throw unrecognizedUrl(method, url.pathname);
  }
}

function namedCard(name: string): TestCard {
  const card = cardByName(name);
  if (card === undefined) throw invalidRequest(`There is no test card called '${name}'.`, { param: 'card' });
  return card;
}

function visitCheckout(visit: Visit, id: string, action: string): Answer {
  const { simulation, method, url } = visit;
  const place = findIn(simulation, ({ store }) => store.checkoutSessions.get(id));
  if (place === undefined) throw resourceMissing('checkout.session', id, 'id');
  const { mode, found: session } = place;
  const form = (error?: string) =>
    checkoutPage(session, mode.store.checkoutLines.all('session', session.id), error);
  const complete = (card: TestCard, authentication: Authentication) =>
    act(visit, mode, (operation) => completeCheckout(operation, session, card.number, authentication));
  switch (`${method} ${action}`) {
    case 'GET ':
      return htmlAnswer(200, form());
    case 'POST ':
      return orTold(() => {
        const given = cardForm.parse(fields(visit));
        checkCardForm(given, simulation.clock.now());
        const card = cardOrDecline(given.cardNumber);
        return complete(card, false).outcome === 'complete'
          ? seeOther(successUrl(session))
          : seeOther(`${checkoutPath(session)}/authenticate?card=${encodeURIComponent(card.name)}`);
      }, form);
    case 'GET authenticate':
      return htmlAnswer(200, challengePage(session, url.searchParams.get('card') ?? ''));
    case 'POST authenticate':
      return orTold(() => {
        const { card, authenticate } = challengeForm.parse(fields(visit));
        complete(namedCard(card), authenticate === 'complete' ? true : 'fail');
        return seeOther(successUrl(session));
      }, form);
    case 'POST complete': {
      const { cardNumber, authenticate } = completeSchema.parse(JSON.parse(visit.body));
      const result = act(visit, mode, (operation) =>
        completeCheckout(operation, session, cardNumber, authenticate),
      );
      return jsonAnswer(200, result);
    }
    default:
      throw unrecognizedUrl(method, url.pathname);
  }
}

function successUrl(session: CheckoutSession): string {
  return session.success_url?.replaceAll('{CHECKOUT_SESSION_ID}', session.id) ?? '/_sim';
}

function visitPortal(visit: Visit, token: string, action: string): Answer {
  const { simulation, method, url } = visit;
  const place = findIn(simulation, ({ store }) => store.billingPortalSessions.all('token', token)[0]);
  if (place === undefined) throw resourceMissing('billing_portal.session', token, 'id');
  const { mode, found: session } = place;
  const path = `/_sim/portal/${encodeURIComponent(token)}`;
  const show = (error?: string) => portalPage(mode.store, session, customerOf(mode, session), path, error);
  const onCustomer = (work: (operation: Operation, customer: Customer) => unknown) =>
    act(visit, mode, (operation) => work(operation, findCustomer(operation, session.customer ?? '')));
  const add = (card: TestCard, authentication: Authentication) =>
    onCustomer((operation, customer) => setUpCard(operation, customer, card, authentication));
  switch (`${method} ${action}`) {
    case 'GET ':
      return htmlAnswer(200, show());
    case 'POST add':
      return orTold(() => {
        const given = cardForm.parse(fields(visit));
        checkCardForm(given, simulation.clock.now());
        const card = cardOrDecline(given.cardNumber);
        return add(card, false) === 'requires_action'
          ? seeOther(`${path}/authenticate?card=${encodeURIComponent(card.name)}`)
          : seeOther(path);
      }, show);
    case 'GET authenticate':
      return htmlAnswer(200, portalChallengePage(session, path, url.searchParams.get('card') ?? ''));
    case 'POST authenticate':
      return orTold(() => {
        const { card, authenticate } = challengeForm.parse(fields(visit));
        add(namedCard(card), authenticate === 'complete' ? true : 'fail');
        return seeOther(path);
      }, show);
    case 'POST default':
    case 'POST remove':
      return orTold(() => {
        const { paymentMethod: id } = z.object({ paymentMethod: z.string() }).parse(fields(visit));
        onCustomer((operation, customer) => {
          const found = findPaymentMethod(operation, id);
          if (found.customer !== customer.id) throw resourceMissing('PaymentMethod', id, 'id');
          return action === 'default'
            ? chooseDefaultMethod(operation, customer, found)
            : detachPaymentMethod(operation, found);
        });
        return seeOther(path);
      }, show);
    default:
      throw unrecognizedUrl(method, url.pathname);
  }
}

function customerOf({ store }: Mode, session: BillingPortalSession): Customer {
  const customer = store.customers.get(session.customer ?? '');
  if (customer === undefined) throw resourceMissing('customer', session.customer ?? '', 'id');
  return customer;
}
