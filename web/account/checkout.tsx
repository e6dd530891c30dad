import { Progress } from '../components/progress.tsx';
import { ACCOUNT_PATH, accountPath } from './paths.ts';

/** The way to a page of Stripe's, should the browser not take it by itself. */
export function OnToStripe({ url }: { readonly url: string }) {
  return (
    <>
      <p>Your card's details stay with Stripe; we never see them.</p>
      <p>
        <a role="button" href={url} rel="noreferrer">
          Go on to Stripe
        </a>
      </p>
    </>
  );
}

/**
 * After a Checkout. That the browser has come back proves nothing: only Stripe's webhook does, and until that has had its
 * effect the page asks every second.
 */
export function CheckoutProgress({ checkoutSessionId }: { readonly checkoutSessionId: string }) {
  return (
    <article
      aria-live="polite"
      hx-get={accountPath('checkouts', checkoutSessionId)}
      hx-trigger="every 1s"
      hx-swap="outerHTML"
    >
      <p>
        We are waiting for Stripe's confirmation. It usually takes some seconds, and the page goes on by
        itself.
      </p>
      <Progress label="Waiting for Stripe's confirmation" />
      <p>
        <a href={ACCOUNT_PATH}>Back to your account</a>
      </p>
    </article>
  );
}
