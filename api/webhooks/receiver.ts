import { trace } from '@opentelemetry/api';
import type { Express, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { chargeEventWorkflowId } from '../../domain/charge-event.ts';
import { customerBillingWorkflowId } from '../../domain/customer-workflow.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import {
  customerOf,
  type EventRoute,
  isHandledEventType,
  isOfMode,
  isTestPurchaseEventType,
  routeOf,
  type StripeEvent,
  WEBHOOK_PATHS,
} from '../../domain/stripe-event.ts';
import { testPurchaseWorkflowId } from '../../domain/test-purchase.ts';
import { signalStripeEvent, signalTestPurchase, startChargeEvent } from '../../temporal/signals.ts';
import { rawBody } from '../body.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { HttpError } from '../errors.ts';
import type { ApiMetrics } from '../metrics.ts';
import { refuseUnlessConfigured } from '../mode-configuration.ts';
import { logAbout } from '../request-log.ts';
import { addRoute } from '../route.ts';
import { stored } from '../temporal/calls.ts';
import { type Delivery, receiptOf, startDelivery } from './delivery.ts';
import { readStripeEvent, type webhookAnswerSchema } from './event-schema.ts';
import type { ReceiptLog } from './receipt-log.ts';
import { verifyWebhook } from './signature.ts';

/** Why an event takes no effect. Stripe gets a 200 all the same, or it would send it again for three days. */
type Ignored = NonNullable<z.output<typeof webhookAnswerSchema>['ignored']>;

/** Where deliveries are counted and noted, whatever became of them. */
export interface Receiving {
  readonly metrics: ApiMetrics;
  readonly receipts: ReceiptLog;
}

/** The endpoints Stripe delivers to. Live and test events never meet. */
export function addWebhookRoutes(app: Express, dependencies: ApiDependencies, receiving: Receiving): void {
  for (const mode of MODES)
    addRoute(app, WEBHOOK_PATHS[mode], { post: receiver(mode, dependencies, receiving) });
}

/**
 * Receives events of one mode: checks that they are Stripe's, and hands them to their customer's workflow. It answers 2xx
 * only once Temporal has stored the signal; whatever goes wrong before, Stripe delivers again.
 * Nothing else is done here, and no database is waited for, so that it stays up when other parts don't: what came in is noted
 * later.
 */
function receiver(
  mode: Mode,
  dependencies: ApiDependencies,
  { metrics, receipts }: Receiving,
): RequestHandler[] {
  const { temporal, webhookSecrets, now = () => new Date() } = dependencies;
  const secrets = webhookSecrets[mode];
  const deliveries = new WeakMap<Response, Delivery>();

  const receive: RequestHandler = async (request, response) => {
    const body: unknown = request.body;
    const payload = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    const delivery = deliveries.get(response);
    if (delivery === undefined) throw new Error('No delivery was begun for this request');
    const verified = verifyWebhook(payload, request.get('stripe-signature'), secrets, now());
    delivery.verifiedAt = now();
    const event = readStripeEvent(verified);
    delivery.event = event;
    trace.getActiveSpan()?.setAttributes({
      'billing.mode': mode,
      'stripe.event_id': event.id,
      'stripe.event_type': event.type,
    });
    if (!isOfMode(event, mode)) {
      const message = `This endpoint takes ${mode} events only, and livemode is ${event.livemode}`;
      throw new HttpError('wrong_mode', message, { param: 'livemode' });
    }
    const route = routeOf(event);
    const ignored = await deliver(route);
    delivery.ignored = ignored;
    if (ignored === null) delivery.signalledAt = now();
    count(event.type, ignored === null ? 'signalled' : `ignored_${ignored}`);
    logAbout(response, 'event received', { ...idsOf(mode, event, route), ignored });
    response.json(ignored === null ? { received: true } : { received: true, ignored });
  };

  const deliver = async (route: EventRoute): Promise<Ignored | null> => {
    switch (route.to) {
      case 'nobody':
        if (route.why !== 'no_object') return route.why;
        throw new HttpError('not_an_event', 'data.object has no id', { param: 'data.object.id' });
      case 'purchase':
        return (await timed(() => signalTestPurchase(temporal, route.purchaseId, route.envelope)))
          ? null
          : 'no_purchase';
      case 'customer': {
        const { stripeCustomerId, envelope } = route;
        await timed(() => signalStripeEvent(temporal, { mode, stripeCustomerId }, envelope));
        return null;
      }
      case 'charge':
        await timed(() => startChargeEvent(temporal, { mode, event: route.envelope }));
        return null;
    }
  };

  const timed = async <T>(signal: () => Promise<T>): Promise<T> => {
    const endTimer = metrics.signalSeconds.startTimer({ mode });
    const answer = await stored(temporal, signal);
    endTimer();
    return answer;
  };

  const count = (type: string, outcome: string): void => {
    const isKnown = isHandledEventType(type) || isTestPurchaseEventType(type);
    metrics.webhooks.inc({ mode, type: isKnown ? type : 'other', outcome });
  };

  return [
    (_request, response, next) => {
      const delivery = startDelivery(now());
      deliveries.set(response, delivery);
      response.once('close', () => receipts.add(receiptOf(mode, delivery, response)));
      // What is refused before or after its type is known is counted by its status.
      response.once('finish', () => {
        if (response.statusCode >= 400) count('other', `refused_${response.statusCode}`);
      });
      next();
    },
    (_request, _response, next) => {
      refuseUnlessConfigured(webhookSecrets, mode);
      next();
    },
    rawBody(),
    receive,
  ];
}

/** By which the line of an event is found beside those of the activities that answer for it (worker/activity-log-interceptor.ts). */
function idsOf(mode: Mode, event: StripeEvent, route: EventRoute) {
  const customerId = customerOf(event) ?? undefined;
  return {
    mode,
    eventId: event.id,
    eventType: event.type,
    customerId,
    workflowId: workflowIdOf(mode, route),
  };
}

/** The workflow that an event goes to. */
function workflowIdOf(mode: Mode, route: EventRoute): string | undefined {
  switch (route.to) {
    case 'customer':
      return customerBillingWorkflowId(mode, route.stripeCustomerId);
    case 'charge':
      return chargeEventWorkflowId(mode, route.envelope.eventId);
    case 'purchase':
      return testPurchaseWorkflowId(route.purchaseId);
    case 'nobody':
      return undefined;
  }
}
