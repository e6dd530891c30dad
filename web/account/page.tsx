import { Bills } from './sections/bills.tsx';
import { Credits } from './sections/credits.tsx';
import { Month } from './sections/month.tsx';
import { PaymentMethods } from './sections/payment-methods.tsx';
import { Standing } from './sections/standing.tsx';
import { Subscription } from './sections/subscription.tsx';
import type { AccountView } from './view.ts';

/** The account page of one user. */
export function AccountPage({ view }: { readonly view: AccountView }) {
  const { mode, name, email, standing, paymentMethods, month, credits, bills, hasSubscription } = view;
  return (
    <>
      <p>
        {`${name} · ${email}`}
        {mode === 'test' ? ' · test mode: nothing is really charged' : null}
      </p>
      <Standing standing={standing} />
      <PaymentMethods paymentMethods={paymentMethods} />
      <Month month={month} />
      <Credits credits={credits} />
      <Bills bills={bills} />
      <Subscription hasSubscription={hasSubscription} period={month.period} />
    </>
  );
}
