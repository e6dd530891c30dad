/** The bank's page of a setup or payment intent made directly: `next_action.redirect_to_url` leads here, and it back. */
import { testCardOf } from '../behaviour/cards.ts';
import { authenticateIntent } from '../behaviour/payment-intents.ts';
import { authenticateSetupIntent } from '../behaviour/setup-intents.ts';
import { resourceMissing, StripeApiError, unrecognizedUrl } from '../errors.ts';
import type { PaymentIntent, SetupIntent } from '../wire.ts';
import { challenge, challengeForm } from './card-form.ts';
import { html, page } from './html.ts';
import type { Answer } from './message.ts';
import { htmlAnswer } from './message.ts';
import type { Visit } from './visit.ts';
import { act, fields, findIn, seeOther } from './visit.ts';

type Intent = PaymentIntent | SetupIntent;

/** Answers `GET` and `POST /_sim/intents/:id`. */
export function visitIntent(visit: Visit, id: string): Answer {
  const { method, simulation, url } = visit;
  const place = findIn<Intent>(
    simulation,
    ({ store }) => store.paymentIntents.get(id) ?? store.setupIntents.get(id),
  );
  if (place === undefined) throw resourceMissing('intent', id, 'id');
  const { mode, found: intent } = place;
  const title = 'Authenticate your card';
  if (intent.status !== 'requires_action')
    return htmlAnswer(200, page(title, html`<p>You are done here: nothing is asked of you.</p>`));
  switch (method) {
    case 'GET': {
      const card = act(visit, mode, (operation) => testCardOf(operation, intent.payment_method ?? '')?.name);
      return htmlAnswer(200, page(title, challenge(url.pathname, card ?? '')));
    }
    case 'POST': {
      const succeeds = challengeForm.parse(fields(visit)).authenticate === 'complete';
      try {
        act(visit, mode, (operation) =>
          intent.object === 'payment_intent'
            ? authenticateIntent(operation.at(intent.customer), intent, succeeds)
            : authenticateSetupIntent(operation.at(intent.customer), intent, succeeds),
        );
      } catch (error) {
        if (!(error instanceof StripeApiError) || !error.keepsWork) throw error;
        return seeOther(wayBack(intent, 'failed'));
      }
      return seeOther(wayBack(intent, 'succeeded'));
    }
    default:
      throw unrecognizedUrl(method, url.pathname);
  }
}

/** The return URL, with what Stripe adds to it. */
function wayBack({ client_secret: secret, id, next_action: next, object }: Intent, status: string): string {
  const { return_url: given } = next?.redirect_to_url ?? {};
  if (given == null) return '/_sim';
  const back = new URL(given);
  back.searchParams.set(object, id);
  back.searchParams.set(`${object}_client_secret`, secret ?? '');
  back.searchParams.set('redirect_status', status);
  return back.href;
}
