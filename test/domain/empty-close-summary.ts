import type { CloseSummary } from '../../domain/close-summary.ts';

/** No bill at all. */
export const NONE = { bills: 0, cents: 0 };

/** Of a month without bills. */
export const EMPTY_CLOSE_SUMMARY: CloseSummary = {
  bills: 0,
  totalCents: 0,
  creditsCents: 0,
  previousBills: 0,
  previousTotalCents: 0,
  byStatus: {
    frozen: NONE,
    held: NONE,
    open: NONE,
    paid: NONE,
    payment_failed: NONE,
    parked: NONE,
    void: NONE,
  },
  biggest: [],
  held: [],
  parked: [],
  withoutCustomer: NONE,
  withoutPaymentMethod: NONE,
};
