import { type BillingPeriod, periodLengthMs, periodStart } from '../../domain/billing-period.ts';
import { LEVEL_PRODUCT, type MeteredProduct } from '../../domain/price-list.ts';

/** A usage event as `POST /api/usage-events` takes it. */
export interface DemoUsageEvent {
  readonly id: string;
  readonly userId: string;
  readonly product: MeteredProduct;
  readonly quantity: string;
  readonly occurredAt: string;
  readonly resourceId?: string;
}

const CPU_EVENTS = 2_400;
const GPU_EVENTS = 700;
const API_EVENTS = 3_100;

/**
 * A busy month: thousands of events with odd fractions, on the first and the last millisecond too, and disks that grow and
 * shrink in the middle of it. The same every time.
 */
export function demoUsage(userId: string, period: BillingPeriod): DemoUsageEvent[] {
  const start = periodStart(period).getTime();
  const length = periodLengthMs(period);
  const at = (share: number) => new Date(start + Math.floor(share * (length - 1))).toISOString();
  const spread = (product: DemoUsageEvent['product'], count: number, quantity: (index: number) => string) =>
    Array.from({ length: count }, (_, index): DemoUsageEvent => {
      const id = `demo-${period}-${product}-${index}`;
      return { id, userId, product, quantity: quantity(index), occurredAt: at(index / (count - 1)) };
    });
  const level = (index: number, resourceId: string, quantity: string, occurredAt: string): DemoUsageEvent => {
    const id = `demo-${period}-storage-${resourceId}-${index}`;
    return { id, userId, product: LEVEL_PRODUCT, quantity, occurredAt, resourceId };
  };

  return [
    ...spread('cpu_hour', CPU_EVENTS, (index) => decimal((index * 7_919) % 99_991, 4)),
    ...spread('gpu_hour', GPU_EVENTS, (index) => decimal((index * 104_729) % 31_337, 6)),
    ...spread('api_calls', API_EVENTS, (index) => String((index * 31) % 4_099)),
    level(0, 'root', '120.5', at(0)),
    level(1, 'root', '250.125', at(0.37)),
    level(2, 'root', '199.999999', at(0.81)),
    level(0, 'backup', '1000', at(0.1)),
    level(1, 'backup', '0', at(0.6)),
    level(2, 'backup', '333.333333333', at(0.6001)),
  ];
}

/** `(12345, 4)` → `1.2345` */
function decimal(digits: number, decimals: number): string {
  const padded = String(digits).padStart(decimals + 1, '0');
  return `${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
}
