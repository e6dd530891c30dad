/** `/_sim`: what a person, a test or the outside world does to the simulator. No key; loopback only. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { invalidRequest, resourceMissing, StripeApiError } from '../errors.ts';
import { faultSchema } from '../faults.ts';
import { mischiefSchema } from '../mischief.ts';
import type { Mode } from '../mode.ts';
import { rateLimitSchema } from '../rate-limits.ts';
import type { Simulation } from '../simulation.ts';
import { redeliver } from '../webhooks.ts';
import type { ApiParts } from './api.ts';
import { handleHostedPage } from './hosted-pages.ts';
import type { Answer } from './message.ts';
import { htmlAnswer, jsonAnswer, readBody, urlOf } from './message.ts';
import { doOnPage, liveParts, simPage } from './sim-page.ts';

const redeliverSchema = z.strictObject({ eventId: z.string().min(1) });
const settingsSchema = z.strictObject({ afterDunning: z.enum(['cancel', 'past_due', 'unpaid']) });
const clockSchema = z.strictObject({ now: z.union([z.number(), z.iso.datetime({ offset: true })]) });

/** How many deliveries `GET /_sim/webhooks` shows of each mode. */
const MOST_DELIVERIES_SHOWN = 10_000;

/** One row: what comes in, and what is answered. */
type SimRoute = (parts: ApiParts, url: URL, body: string) => Answer;

const SIM_ROUTES = new Map<string, SimRoute>([
  ['GET /_sim', (parts) => htmlAnswer(200, simPage(parts))],
  ['GET /_sim/live', (parts) => htmlAnswer(200, liveParts(parts).text)],
  ['POST /_sim/page', doOnPage],
  ['GET /_sim/health', () => jsonAnswer(200, { status: 'ok' })],
  [
    'GET /_sim/requests',
    ({ requestLog }, { searchParams }) =>
      jsonAnswer(200, {
        requests: requestLog.list(Number(searchParams.get('after') ?? 0), searchParams.get('id')),
      }),
  ],
  [
    'DELETE /_sim/requests',
    ({ requestLog }) => {
      requestLog.clear();
      return jsonAnswer(200, { requests: [] });
    },
  ],
  [
    'GET /_sim/webhooks',
    ({ simulation }, { searchParams }) =>
      jsonAnswer(200, {
        deliveries: [simulation.live, simulation.test].flatMap((mode) =>
          deliveriesOf(mode, searchParams.get('eventId')),
        ),
      }),
  ],
  [
    'POST /_sim/webhooks/redeliver',
    ({ simulation }, _url, body) =>
      redeliverEvent(simulation, redeliverSchema.parse(JSON.parse(body)).eventId),
  ],
  [
    'GET /_sim/webhooks/mischief',
    ({ simulation }) => jsonAnswer(200, { mischief: simulation.mischief.list() }),
  ],
  [
    'POST /_sim/webhooks/mischief',
    ({ simulation }, _url, body) =>
      jsonAnswer(201, simulation.mischief.add(mischiefSchema.parse(JSON.parse(body)))),
  ],
  [
    'DELETE /_sim/webhooks/mischief',
    ({ simulation }) => {
      simulation.mischief.clear();
      return jsonAnswer(200, { mischief: [] });
    },
  ],
  ['GET /_sim/faults', ({ faults }) => jsonAnswer(200, { faults: faults.list() })],
  [
    'POST /_sim/faults',
    ({ faults }, _url, body) => jsonAnswer(201, faults.add(faultSchema.parse(JSON.parse(body)))),
  ],
  [
    'DELETE /_sim/faults',
    ({ faults }) => {
      faults.clear();
      return jsonAnswer(200, { faults: [] });
    },
  ],
  ['GET /_sim/rate-limits', ({ rateLimits }) => jsonAnswer(200, rateLimits.settings)],
  [
    'POST /_sim/rate-limits',
    ({ rateLimits }, _url, body) => {
      rateLimits.set(rateLimitSchema.parse(JSON.parse(body)));
      return jsonAnswer(200, rateLimits.settings);
    },
  ],
  ['GET /_sim/settings', ({ simulation }) => settingsAnswer(simulation)],
  [
    'POST /_sim/settings',
    ({ simulation }, _url, body) => {
      simulation.settings.afterDunning = settingsSchema.parse(JSON.parse(body)).afterDunning;
      return settingsAnswer(simulation);
    },
  ],
  ['GET /_sim/clock', ({ simulation }) => clockAnswer(simulation)],
  [
    'POST /_sim/clock',
    ({ simulation }, _url, body) => {
      const { now } = clockSchema.parse(JSON.parse(body));
      simulation.setClock(typeof now === 'number' ? now * 1_000 : Date.parse(now));
      return clockAnswer(simulation);
    },
  ],
]);

/**
 * Answers one request under `/_sim`, also one that makes no sense.
 * @throws what is the simulator's own mistake, which `server.ts` answers as a 500.
 */
export async function handleSimRequest(parts: ApiParts, request: IncomingMessage): Promise<Answer> {
  const url = urlOf(request);
  const method = request.method ?? 'GET';
  try {
    const body = await readBody(request);
    const route = SIM_ROUTES.get(`${method} ${url.pathname.replace(/\/$/, '')}`);
    return route === undefined
      ? handleHostedPage(parts.simulation, method, url, body)
      : route(parts, url, body);
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

function settingsAnswer({ settings: { afterDunning } }: Simulation): Answer {
  return jsonAnswer(200, { afterDunning });
}

function clockAnswer({ clock }: Simulation): Answer {
  return jsonAnswer(200, {
    now: new Date(clock.nowMs()).toISOString(),
    unixSeconds: clock.now(),
    offsetMs: clock.offsetMs,
  });
}
