import { randomUUID } from 'node:crypto';
import type { IRouter, Request, Response } from 'express';
import type { ApiDependencies } from '../../api/dependencies.ts';
import { HttpError } from '../../api/errors.ts';
import { originOf } from '../../api/origin.ts';
import { addRoute } from '../../api/route.ts';
import { saveSession } from '../../api/sessions.ts';
import { openBillingPortalOf, startCheckoutOf } from '../../api/stripe-pages.ts';
import { creditsFieldSchema, parse } from '../../api/validation.ts';
import { checkoutProgress } from '../../db/checkout-sessions.ts';
import { fieldOf, textOfPath } from '../request-values.ts';
import { CheckoutProgress, OnToStripe } from './checkout.tsx';
import { ACCOUNT_PATH } from './paths.ts';
import type { Shell } from './shell.tsx';
import { userOf } from './sign-in.tsx';

/** The ways to Stripe's pages, and back from its Checkout. */
export function addStripeRoutes(pages: IRouter, dependencies: ApiDependencies, shell: Shell): void {
  const goOn = (request: Request, response: Response, url: string) => {
    // A redirect would not do: the Content-Security-Policy lets a form lead to our own pages only, and which addresses
    // Stripe's pages have, a custom domain decides.
    response.set('Refresh', `0; url=${url}`);
    shell.page(request, response, { title: 'On to Stripe' }, <OnToStripe url={url} />);
  };
  const checkout = async (
    request: Request,
    response: Response,
    purpose: { readonly mode: 'setup' } | { readonly mode: 'credits'; readonly credits: number },
  ) => {
    const { url } = await startCheckoutOf(dependencies, userOf(request), {
      ...purpose,
      // Stripe puts the session's id in.
      successUrl: `${originOf(request)}${ACCOUNT_PATH}/checkouts/{CHECKOUT_SESSION_ID}`,
      cancelUrl: `${originOf(request)}${ACCOUNT_PATH}`,
      idempotencyKey: randomUUID(),
    });
    goOn(request, response, url);
  };

  addRoute(pages, '/payment-methods', {
    post: [async (request, response) => await checkout(request, response, { mode: 'setup' })],
  });

  addRoute(pages, '/credits', {
    post: [
      async (request, response) => {
        const credits = parse(creditsFieldSchema, fieldOf(request, 'credits'), 'Credits');
        await checkout(request, response, { mode: 'credits', credits });
      },
    ],
  });

  addRoute(pages, '/billing-portal', {
    post: [
      async (request, response) => {
        const { url } = await openBillingPortalOf(dependencies, userOf(request), {
          returnUrl: `${originOf(request)}${ACCOUNT_PATH}`,
        });
        goOn(request, response, url);
      },
    ],
  });

  addRoute(pages, '/checkouts/:checkoutSessionId', {
    get: [
      async (request, response) => {
        const checkoutSessionId = textOfPath(request, 'checkoutSessionId');
        const session = { ...userOf(request), checkoutSessionId };
        const progress = await checkoutProgress(dependencies.db, session);
        if (progress === undefined) throw new HttpError('not_found', 'There is no such Checkout of yours');
        const isPart = request.get('hx-request') !== undefined;
        if (progress === 'done') {
          request.session.flash = { kind: 'success', text: 'Stripe has confirmed it. Thank you.' };
          await saveSession(request);
          if (isPart) response.set('HX-Redirect', ACCOUNT_PATH).end();
          else response.redirect(303, ACCOUNT_PATH);
        } else if (isPart) response.status(204).end();
        else {
          const body = <CheckoutProgress checkoutSessionId={checkoutSessionId} />;
          shell.page(request, response, { title: 'Thank you' }, body);
        }
      },
    ],
  });
}
