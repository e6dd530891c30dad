/** `/_sim`: what a person, a test or the outside world does to the simulator. No key; loopback only. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { completeCheckout } from '../behaviour/checkout-completion.ts';
import { invalidRequest, resourceMissing, StripeApiError, unrecognizedUrl } from '../errors.ts';
import { faultSchema } from '../faults.ts';
import type { Mode, Simulation } from '../simulation.ts';
import { redeliver } from '../webhooks.ts';
import type { CheckoutSession } from '../wire.ts';
import type { ApiParts } from './api.ts';
import { checkoutPage, plainPage } from './checkout-page.ts';
import type { Answer } from './message.ts';
import { htmlAnswer, jsonAnswer, readBody } from './message.ts';

const completeSchema = z.strictObject({
  cardNumber: z.string().min(1),
  authenticate: z.boolean().default(false),
});
const redeliverSchema = z.strictObject({ eventId: z.string().min(1) });
const clockSchema = z.strictObject({ now: z.union([z.number(), z.iso.datetime({ offset: true })]) });
const formSchema = z.object({ cardNumber: z.string(), authenticate: z.string().optional() });

/** How many deliveries `GET /_sim/webhooks` shows of each mode. */
const MOST_DELIVERIES_SHOWN = 10_000;

/** Answers one request under `/_sim`. Never throws. */
export async function handleSimRequest(parts: ApiParts, request: IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://simulator');
  try {
    return dispatch(parts, `${request.method ?? 'GET'} ${url.pathname}`, url, await readBody(request));
  } catch (error) {
    if (error instanceof StripeApiError) return jsonAnswer(error.status, error.toBody(url.pathname));
    if (error instanceof z.ZodError) {
      return jsonAnswer(400, { error: { type: 'invalid_request_error', message: z.prettifyError(error) } });
    }
    if (error instanceof SyntaxError) {
      return jsonAnswer(400, {
        error: { type: 'invalid_request_error', message: `Not JSON: ${error.message}` },
      });
    }
    throw error;
  }
}

function dispatch(parts: ApiParts, what: string, url: URL, body: string): Answer {
  const { simulation, faults, requestLog } = parts;
  switch (what) {
    case 'GET /_sim':
    case 'GET /_sim/':
      return htmlAnswer(
        200,
        plainPage(
          'Stripe simulator',
          'Requests: /_sim/requests · webhooks: /_sim/webhooks · faults: /_sim/faults · clock: /_sim/clock',
        ),
      );
    case 'GET /_sim/health':
      return jsonAnswer(200, { status: 'ok' });
    case 'GET /_sim/requests':
      return jsonAnswer(200, {
        requests: requestLog.list(Number(url.searchParams.get('after') ?? 0), url.searchParams.get('id')),
      });
    case 'DELETE /_sim/requests':
      requestLog.clear();
      return jsonAnswer(200, { requests: [] });
    case 'GET /_sim/webhooks':
      return jsonAnswer(200, {
        deliveries: [simulation.live, simulation.test].flatMap((mode) =>
          deliveriesOf(mode, url.searchParams.get('eventId')),
        ),
      });
    case 'POST /_sim/webhooks/redeliver':
      return redeliverEvent(simulation, redeliverSchema.parse(JSON.parse(body)).eventId);
    case 'GET /_sim/faults':
      return jsonAnswer(200, { faults: faults.list() });
    case 'POST /_sim/faults':
      return jsonAnswer(201, faults.add(faultSchema.parse(JSON.parse(body))));
    case 'DELETE /_sim/faults':
      faults.clear();
      return jsonAnswer(200, { faults: [] });
    case 'GET /_sim/clock':
      return clockAnswer(simulation);
    case 'POST /_sim/clock': {
      const { now } = clockSchema.parse(JSON.parse(body));
      simulation.setClock(typeof now === 'number' ? now * 1_000 : Date.parse(now));
      return clockAnswer(simulation);
    }
    default:
      return dispatchHosted(simulation, what, body);
  }
}

/** The pages that Stripe hosts, and what a person does on them. */
function dispatchHosted(simulation: Simulation, what: string, body: string): Answer {
  const match = /^(GET|POST) \/_sim\/(checkout|invoices|portal)\/([^/]+)(\/complete)?$/.exec(what);
  const [, method, page, id = '', complete] = match ?? [];
  if (page === 'checkout') {
    const { mode, session } = findSession(simulation, id);
    if (method === 'GET' && complete === undefined) return htmlAnswer(200, checkoutPage(session));
    if (method === 'POST' && complete !== undefined) {
      const { cardNumber, authenticate } = completeSchema.parse(JSON.parse(body));
      return completeByApi(simulation, mode, session, cardNumber, authenticate);
    }
    if (method === 'POST') return completeByForm(simulation, mode, session, body);
  }
  if (method === 'GET' && page === 'portal')
    return htmlAnswer(200, plainPage('Billing portal', 'The simulator has no portal page yet.'));
  if (method === 'GET' && page === 'invoices') {
    const invoice = simulation.live.store.invoices.get(id) ?? simulation.test.store.invoices.get(id);
    if (invoice !== undefined) return jsonAnswer(200, invoice);
  }
  const [verb = '', path = ''] = what.split(' ');
  throw unrecognizedUrl(verb, path);
}

function findSession(simulation: Simulation, id: string): { mode: Mode; session: CheckoutSession } {
  for (const mode of [simulation.live, simulation.test]) {
    const session = mode.store.checkoutSessions.get(id);
    if (session !== undefined) return { mode, session };
  }
  throw resourceMissing('checkout.session', id, 'id');
}

/** Completes as one unit of work; a declined card leaves its traces, and is thrown on. */
function complete(
  simulation: Simulation,
  mode: Mode,
  session: CheckoutSession,
  cardNumber: string,
  authenticate: boolean,
) {
  const result = simulation.operate(mode, null, (operation) => {
    try {
      return completeCheckout(operation, session, cardNumber, authenticate);
    } catch (error) {
      if (error instanceof StripeApiError && error.keepsWork) return error;
      throw error;
    }
  });
  if (result instanceof StripeApiError) throw result;
  return result;
}

function completeByApi(
  simulation: Simulation,
  mode: Mode,
  session: CheckoutSession,
  cardNumber: string,
  authenticate: boolean,
): Answer {
  return jsonAnswer(200, complete(simulation, mode, session, cardNumber, authenticate));
}

function completeByForm(simulation: Simulation, mode: Mode, session: CheckoutSession, body: string): Answer {
  const form = formSchema.parse(Object.fromEntries(new URLSearchParams(body)));
  try {
    const { outcome } = complete(simulation, mode, session, form.cardNumber, form.authenticate === 'true');
    if (outcome === 'requires_action')
      return htmlAnswer(200, checkoutPage(session, { authenticate: form.cardNumber }));
    const successUrl = session.success_url?.replaceAll('{CHECKOUT_SESSION_ID}', session.id);
    return { ...htmlAnswer(303, ''), headers: { location: successUrl ?? '/_sim' } };
  } catch (error) {
    if (!(error instanceof StripeApiError)) throw error;
    return htmlAnswer(error.status, checkoutPage(session, { error: error.message }));
  }
}

/** Oldest first; of all events, the last ones only. */
function deliveriesOf({ name, store }: Mode, eventId: string | null): object[] {
  const { deliveries } = store;
  const shown =
    eventId === null ? deliveries.values().slice(-MOST_DELIVERIES_SHOWN) : deliveries.all('event', eventId);
  return shown.map((delivery) => ({ mode: name, ...delivery }));
}

function redeliverEvent(simulation: Simulation, eventId: string): Answer {
  for (const mode of [simulation.live, simulation.test]) {
    const event = mode.store.events.get(eventId);
    if (event === undefined) continue;
    const endpoints = simulation.operate(mode, null, ({ store }) =>
      redeliver(store, event, simulation.clock.nowMs()),
    );
    if (endpoints === 0) throw invalidRequest('There is no enabled webhook endpoint to deliver to.');
    return jsonAnswer(202, { eventId, endpoints });
  }
  throw resourceMissing('event', eventId, 'id');
}

function clockAnswer({ clock }: Simulation): Answer {
  return jsonAnswer(200, {
    now: new Date(clock.nowMs()).toISOString(),
    unixSeconds: clock.now(),
    offsetMs: clock.offsetMs,
  });
}
