import type { RequestHandler } from 'express';
import { loadUnitPrices } from '../../db/price-list.ts';
import { loadMonthlyUsage } from '../../db/usage-report.ts';
import { billingPeriodOf } from '../../domain/billing-period.ts';
import { sumCents, unitPriceDollars } from '../../domain/money.ts';
import { estimateCents, usageLines } from '../../domain/usage-report.ts';
import { modeOf } from '../authentication.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { parse, userIdSchema } from '../validation.ts';
import { findUserOrRefuse } from './find-user.ts';
import { periodSchema } from './schema.ts';

/** `GET /api/users/{userId}/usage?period=YYYY-MM`: what a month comes to, and if it is the running one, will come to. */
export function getUsage({ db, now = () => new Date() }: ApiDependencies): RequestHandler {
  return async (request, response) => {
    const mode = modeOf(response);
    const userId = parse(userIdSchema, request.params['userId'], 'userId');
    const at = now();
    const period = parse(periodSchema, request.query['period'] ?? billingPeriodOf(at), 'period');
    await findUserOrRefuse(db, mode, userId);

    const used = await loadMonthlyUsage(db, mode, userId, period);
    const unitPricesCents = await loadUnitPrices(db, mode);
    const lines = usageLines(period, used, unitPricesCents);
    const totalCents = estimateCents(period, used, unitPricesCents, at);
    response.json({
      period,
      products: lines.map(({ product, quantity, unitPriceCents, amountCents }) => ({
        product,
        quantity,
        unitPrice: unitPriceDollars(unitPriceCents),
        amountCents,
      })),
      totalCents: sumCents(lines.map((line) => line.amountCents)),
      ...(totalCents === null ? {} : { estimate: { totalCents, method: 'linear' } }),
    });
  };
}
