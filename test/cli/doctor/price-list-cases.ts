import { listStripeProducts } from '../../../db/price-list.ts';
import type { Case, Clinic } from './clinic.ts';

/** Of the price list, as Stripe has it. */
export function priceListCases(clinic: Clinic): readonly Case[] {
  const cpuHour = async () => {
    const [row] = await listStripeProducts(clinic.service.db, 'test');
    return {
      price: row?.stripe_price_id ?? '',
      product: row?.stripe_product_id ?? '',
      meter: row?.stripe_meter_id ?? '',
    };
  };

  const setCpuHour = async (values: { stripe_price_id?: string | null; unit_price_cents?: string }) =>
    await clinic.service.db
      .updateTable('stripe_products')
      .set(values)
      .where('mode', '=', 'test')
      .where('product', '=', 'cpu_hour')
      .execute();

  return [
    {
      what: 'a price that costs something else',
      breaks: async () => {
        await setCpuHour({ unit_price_cents: '12.5' });
        return { undo: () => setCpuHour({ unit_price_cents: '10' }) };
      },
      finds: ['price:cpu_hour test'],
      finding: /price_\w+ is \$0\.10, not \$0\.125 for one unit/,
      mend: /setup-stripe --mode test/,
    },
    {
      what: 'a price that Stripe does not have',
      breaks: async () => {
        const { price } = await cpuHour();
        await setCpuHour({ stripe_price_id: 'price_gone' });
        return { undo: () => setCpuHour({ stripe_price_id: price }) };
      },
      finds: ['price:cpu_hour test'],
      finding: /Stripe has no price price_gone/,
      mend: /setup-stripe --mode test/,
    },
    {
      what: 'a price list that was never set up in Stripe',
      breaks: async () => {
        const { price } = await cpuHour();
        await setCpuHour({ stripe_price_id: null });
        return { undo: () => setCpuHour({ stripe_price_id: price }) };
      },
      finds: ['price:cpu_hour test'],
      finding: /knows no price of it/,
      mend: /setup-stripe --mode test/,
    },
    {
      what: 'a price that is archived',
      breaks: async () => {
        const { price } = await cpuHour();
        await clinic.service.stripe.test.prices.update(price, { active: false });
        return { undo: () => clinic.service.stripe.test.prices.update(price, { active: true }) };
      },
      finds: ['price:cpu_hour test'],
      finding: /is archived/,
      mend: /Unarchive it/,
    },
    {
      what: 'a product that is archived',
      breaks: async () => {
        const { product } = await cpuHour();
        await clinic.service.stripe.test.products.update(product, { active: false });
        return { undo: () => clinic.service.stripe.test.products.update(product, { active: true }) };
      },
      finds: ['price:cpu_hour test'],
      finding: /is of a product that is archived/,
      mend: /Unarchive the product/,
    },
    {
      what: 'a meter that is deactivated',
      breaks: async () => {
        const { meter } = await cpuHour();
        await clinic.service.stripe.test.billing.meters.deactivate(meter);
        return { undo: () => clinic.service.stripe.test.billing.meters.reactivate(meter) };
      },
      finds: ['price:cpu_hour test'],
      finding: /has a meter that is deactivated/,
      mend: /Reactivate the meter/,
    },
  ];
}
