import { callApi, cardsOf, defaultCardOf } from './customers.ts';
import { until } from './eventually.ts';
import type { Person } from './life-steps.ts';
import type { RunningBilling } from './running-billing.ts';

/** Has the host product open Stripe's billing portal. */
export async function opensPortal(service: RunningBilling, { mode, userId }: Person): Promise<void> {
  const body = { returnUrl: 'https://host.example/billing' };
  await callApi(service, mode, 'POST', `/api/users/${userId}/billing-portal-sessions`, { body });
}

/** Makes a card that is not the default the default, as one does in the portal. */
export async function choosesCard(service: RunningBilling, person: Person): Promise<void> {
  const others = async () => {
    const chosen = await defaultCardOf(service, person);
    return (await cardsOf(service, person)).filter(({ id }) => id !== chosen);
  };
  const [other] = await until('a second card', others, (cards) => cards.length > 0);
  await service.stripe[person.mode].customers.update(person.stripeCustomerId, {
    invoice_settings: { default_payment_method: other?.id ?? '' },
  });
}
