import { randomInt, randomUUID } from 'node:crypto';
import { DAY_MS } from '../domain/days.ts';
import type { MeteredProduct } from '../domain/price-list.ts';
import { MAX_BATCH_SIZE } from '../domain/usage-event.ts';

/** A usage event as `POST /api/usage-events` takes it. */
export interface ReportedUsage {
  readonly id: string;
  readonly userId: string;
  readonly product: MeteredProduct;
  readonly quantity: string;
  readonly occurredAt: string;
  readonly resourceId?: string;
}

/** As many events as a request takes. */
export type UsageBatch = readonly ReportedUsage[];

/** Usage is reported when it was measured, in the last hour; some of it is late, of the last two months. */
const HOUR_MS = 3_600_000;
const LATE_PER_CENT = 5;
const LATE_DAYS = 60;
/** Per cent of the events that are levels of storage, and cost more: a disk's neighbouring levels are read. */
const STORAGE_PER_CENT = 5;
const DISKS_PER_USER = 3;
const SUMMED_PRODUCTS = ['cpu_hour', 'gpu_hour', 'api_calls'] as const;

/** Events that were never sent before, of users taken at random. */
export function newBatch(userIds: readonly string[]): UsageBatch {
  return Array.from({ length: MAX_BATCH_SIZE }, () => newUsage(userIds));
}

function newUsage(userIds: readonly string[]): ReportedUsage {
  const age = randomInt(randomInt(100) < LATE_PER_CENT ? LATE_DAYS * DAY_MS : HOUR_MS);
  const common = {
    id: randomUUID(),
    userId: oneOf(userIds),
    occurredAt: new Date(Date.now() - age).toISOString(),
  };
  if (randomInt(100) < STORAGE_PER_CENT) {
    const resourceId = `disk-${randomInt(DISKS_PER_USER)}`;
    return { ...common, product: 'storage_gb_month', quantity: decimal(1_000_000, 3), resourceId };
  }
  const product = oneOf(SUMMED_PRODUCTS);
  return { ...common, product, quantity: product === 'api_calls' ? decimal(5_000, 0) : decimal(99_999, 4) };
}

function oneOf<Item>(items: readonly Item[]): Item {
  const item = items[randomInt(items.length)];
  if (item === undefined) throw new RangeError('there is nothing to take one of');
  return item;
}

function decimal(belowDigits: number, decimals: number): string {
  return (randomInt(1, belowDigits) / 10 ** decimals).toFixed(decimals);
}

/** The body of the request that reports it. */
export function requestBody(events: UsageBatch): Buffer {
  return Buffer.from(JSON.stringify({ events }));
}
