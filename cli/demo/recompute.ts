import type { DemoUsageEvent } from './usage.ts';

/**
 * The month's amounts once more, from the raw events alone and by other means than the service: whole numbers without end
 * (BigInt) instead of decimals, and storage as the plain sum of level × time. It shares no code with domain/ on purpose.
 */
export function recomputeCents(
  events: readonly DemoUsageEvent[],
  startMs: number,
  endMs: number,
): Record<string, number> {
  const inMonth = (event: DemoUsageEvent) => {
    const at = Date.parse(event.occurredAt);
    return at >= startMs && at < endMs;
  };
  const sumOf = (product: string) =>
    events
      .filter((event) => event.product === product && inMonth(event))
      .reduce((sum, event) => sum + scaled(event.quantity), 0n);
  return {
    cpu_hour: rounded(sumOf('cpu_hour') * 10n, SCALE),
    gpu_hour: rounded(sumOf('gpu_hour') * 200n, SCALE),
    api_calls: rounded(sumOf('api_calls'), SCALE * 1_000n),
    storage_gb_month: rounded(gbMilliseconds(events, startMs, endMs) * 15n, SCALE * BigInt(endMs - startMs)),
  };
}

const DECIMALS = 12;
const SCALE = 10n ** BigInt(DECIMALS);

/** Σ level × milliseconds held within the month, over all disks, times SCALE. */
function gbMilliseconds(events: readonly DemoUsageEvent[], startMs: number, endMs: number): bigint {
  const levels = events.filter((event) => event.product === 'storage_gb_month');
  let total = 0n;
  for (const disk of new Set(levels.map((event) => event.resourceId))) {
    const ofDisk = levels
      .filter((event) => event.resourceId === disk)
      .toSorted((a, b) => Date.parse(a.occurredAt) - Date.parse(b.occurredAt));
    ofDisk.forEach((event, index) => {
      const next = ofDisk[index + 1];
      const from = Math.max(Date.parse(event.occurredAt), startMs);
      const to = Math.min(next === undefined ? endMs : Date.parse(next.occurredAt), endMs);
      if (to > from) total += scaled(event.quantity) * BigInt(to - from);
    });
  }
  return total;
}

function scaled(quantity: string): bigint {
  const [whole = '0', fraction = ''] = quantity.split('.');
  return BigInt(whole + fraction.padEnd(DECIMALS, '0'));
}

/** Half up, once. */
function rounded(numerator: bigint, denominator: bigint): number {
  return Number((2n * numerator + denominator) / (2n * denominator));
}
