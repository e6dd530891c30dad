/** What befalls the parts, and Stripe's requests and webhooks: a function of the seed. */
import { MODES, type Mode } from '../domain/mode.ts';
import type { PartName } from '../stack/stack.ts';
import { FAULT_KINDS, type FaultKind } from '../stripe-simulator/faults.ts';
import { MISCHIEF_KINDS } from '../stripe-simulator/mischief.ts';
import { Dice } from './world/dice.ts';

/** One stroke against the parts, and what comes with it. */
export interface Blow {
  /** Killed at the same time. */
  readonly parts: readonly PartName[];
  /** Killed once more while they start again. */
  readonly strikesTwice: boolean;
  /** Waits until all parts run again before it, and for `afterMs` in any case. */
  readonly waitsForAll: boolean;
  readonly afterMs: number;
  /** How long the parts stay dead. */
  readonly downMs: number;
  /** What happens to Stripe's requests, webhooks or clock just before. */
  readonly disturbance: Disturbance | null;
}

/** What befalls Stripe's requests (`fault`, `rateLimit`), its webhooks (`mischief`), or its clock, which jumps ahead. */
export type Disturbance =
  | {
      readonly type: 'fault';
      readonly kind: FaultKind;
      readonly route: string;
      readonly mode: Mode;
      readonly count: number;
      readonly latencyMs: number;
    }
  | {
      readonly type: 'mischief';
      readonly kind: (typeof MISCHIEF_KINDS)[number];
      readonly count: number;
      readonly delayMs: number;
      readonly probability: number;
      readonly seed: number;
    }
  | { readonly type: 'rateLimit'; readonly enabled: boolean }
  | { readonly type: 'clock'; readonly hours: number };

/** How often each is struck, of all times. */
const SHARES: readonly (readonly [PartName, number])[] = [
  ['worker', 0.26],
  ['api', 0.18],
  ['PostgreSQL', 0.2],
  ['Temporal', 0.2],
  ['Stripe simulator', 0.16],
];

/**
 * Whatever the clock is moved on by in all, with what is needed in the end to have webhooks sent again, Stripe's event list must
 * still reach back to the beginning: it has 30 days.
 */
const MOST_HOURS = 18 * 24;

/** At least `kills` kills. */
export function planBlows(seed: number, kills: number): Blow[] {
  const dice = new Dice(seed);
  const blows: Blow[] = [];
  let hoursLeft = MOST_HOURS;
  for (let left = kills; left > 0; ) {
    const first = pickPart(dice);
    const second = pickPart(dice);
    // Each part has its turn early, also in a short run.
    const parts =
      blows.length < SHARES.length
        ? [SHARES[blows.length]?.[0] ?? first]
        : [...new Set(dice.chance(0.15) ? [first, second] : [first])];
    const strikesTwice = dice.chance(0.12);
    const disturbance = dice.chance(0.75) ? disturb(dice, hoursLeft) : null;
    // Once early, and often, Temporal is away for longer than the receiver waits for it: then it must refuse.
    const isFirstOfTemporal = blows.length === SHARES.findIndex(([part]) => part === 'Temporal');
    const isLong = isFirstOfTemporal || (parts.includes('Temporal') && dice.chance(0.4));
    if (disturbance?.type === 'clock') hoursLeft -= disturbance.hours;
    blows.push({
      parts,
      strikesTwice,
      waitsForAll: dice.chance(0.7) || isFirstOfTemporal,
      afterMs: dice.between(100, 2_000),
      downMs: isLong ? dice.between(3_500, 6_000) : dice.chance(0.5) ? 0 : dice.between(100, 2_500),
      disturbance,
    });
    left -= parts.length * (strikesTwice ? 2 : 1);
  }
  return blows;
}

function pickPart(dice: Dice): PartName {
  let rest = dice.next();
  for (const [part, share] of SHARES) {
    if (rest < share) return part;
    rest -= share;
  }
  return 'worker';
}

/** Every request that the service makes, and the reads of those who play the world. */
const ROUTES = [
  '* /v1/**',
  'GET /v1/**',
  'POST /v1/**',
  'POST /v1/invoices',
  'POST /v1/invoices/:id/add_lines',
  'POST /v1/invoices/:id/finalize',
  'POST /v1/invoices/:id/pay',
  'GET /v1/invoices/:id',
  'POST /v1/subscriptions',
  'GET /v1/subscriptions',
  'POST /v1/customers',
  'POST /v1/customers/:id',
  'GET /v1/customers/:id',
  'POST /v1/checkout/sessions',
  'GET /v1/payment_methods',
] as const;

/** All but a refusal for good: what a key may not do is parked for an operator, and no time mends it. */
export const PASSING_FAULTS = FAULT_KINDS.filter((kind) => kind !== 'status_403');

function disturb(dice: Dice, hoursLeft: number): Disturbance | null {
  const share = dice.next();
  if (share < 0.5)
    return {
      type: 'fault',
      kind: dice.pick(PASSING_FAULTS),
      route: dice.pick(ROUTES),
      mode: dice.pick(MODES),
      count: dice.between(1, 4),
      latencyMs: dice.between(200, 3_000),
    };
  if (share < 0.8)
    return {
      type: 'mischief',
      kind: dice.pick(MISCHIEF_KINDS),
      count: dice.between(2, 8),
      delayMs: dice.between(500, 20_000),
      probability: 0.5 + dice.next() / 2,
      seed: dice.between(1, 1_000_000),
    };
  if (share < 0.87) return { type: 'rateLimit', enabled: dice.chance(0.6) };
  const hours = dice.chance(0.3) ? dice.between(24, 60) : dice.between(1, 8);
  return hours <= hoursLeft ? { type: 'clock', hours } : null;
}
