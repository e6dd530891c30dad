import type { BillingPeriod } from '../domain/billing-period.ts';
import { periodStart } from '../domain/billing-period.ts';
import type { DecimalString } from '../domain/money.ts';

// As a person writes it. Everything is counted and billed in UTC, so that is the zone in which times are told.

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });
const MOMENT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
});
const MONTH = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });
const QUANTITY = new Intl.NumberFormat('en-US', { maximumFractionDigits: 3 });

/** `3 November 2026` */
export const dayInWords = (instant: Date): string => DAY.format(instant);

/** `3 November 2026 at 09:30 UTC` */
export const momentInWords = (instant: Date): string => `${MOMENT.format(instant)} UTC`;

/** `October 2026` */
export const monthInWords = (period: BillingPeriod): string => MONTH.format(periodStart(period));

/** `12,005.833`: rounded to be read, never to be counted with. */
export const quantityInWords = (quantity: DecimalString): string => QUANTITY.format(Number(quantity));
