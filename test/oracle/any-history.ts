import fc from 'fast-check';
import { ORACLE_PRODUCTS } from './oracle.ts';

/** Where a transaction can be held open on purpose (service.ts says how). */
export const GATES = ['commit of sends', 'commit of freezes', 'totals', 'user'] as const;
/** One of the places where transactions can be held. */
export type Gate = (typeof GATES)[number];

// What is generated refers to users, months and earlier events by number, counted around: so every part of a history can
// be left out or made smaller by itself when a counterexample is shrunk.

type ValueOf<Any> = Any extends fc.Arbitrary<infer Value> ? Value : never;

const anyQuantity = fc.oneof(
  // About as much as credits are bought.
  {
    weight: 2,
    arbitrary: fc.record({ digits: fc.integer({ min: 1, max: 400 }), decimals: fc.constant(1) }),
  },
  { weight: 3, arbitrary: fc.record({ halves: fc.integer({ min: 1, max: 9 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ digits: fc.nat(1_000_000), decimals: fc.constantFrom(0, 1, 3, 6, 12) }),
  },
  { weight: 1, arbitrary: fc.constantFrom('0', '0.000000000001', '1.50', '1000000000') },
);
/** How much of something, in digits or in halves of a cent. */
export type AnyQuantity = ValueOf<typeof anyQuantity>;

/** Where in a month: its first and last milliseconds, the very next month's first, or so many hours in. */
const anyPlace = fc.oneof(
  fc.constantFrom('first', 'second', 'last', 'past'),
  fc.integer({ min: 0, max: 31 * 24 - 1 }),
);

const anyEvent = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('new'),
      user: fc.nat(2),
      product: fc.constantFrom(...ORACLE_PRODUCTS, 'storage_gb_month' as const),
      quantity: anyQuantity,
      month: fc.nat(3),
      place: anyPlace,
      disk: fc.nat(1),
      // So that neither the order of arrival nor a database's collation is the order of ids.
      letter: fc.constantFrom('a', 'B', 'Z', 'é', '_'),
      zone: fc.constantFrom(0, 0, 330, -480),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('again'), of: fc.nat(40) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('clash'),
      of: fc.nat(40),
      change: fc.constantFrom('quantity', 'occurredAt', 'userId'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stranger'), of: fc.nat(40) }) },
);
/** A usage event: a new one, or something of an earlier one. */
export type AnyEvent = ValueOf<typeof anyEvent>;

const anySend = fc.record({
  type: fc.constant('send'),
  events: fc.array(anyEvent, { minLength: 1, maxLength: 4 }),
});
const anyFreeze = fc.record({ type: fc.constant('freeze'), user: fc.nat(2), month: fc.nat(4) });
const anyClose = fc.record({ type: fc.constant('close'), month: fc.nat(4) });
const anyCents = fc.oneof(fc.constantFrom(1, 50, 1_000), fc.integer({ min: 1, max: 5_000 }));
const anyPurchase = fc.record({
  type: fc.constant('buyCredits'),
  user: fc.nat(2),
  cents: anyCents,
  expires: fc.option(
    // With a month's end, more often than not.
    fc.record({ month: fc.nat(4), place: fc.oneof(fc.constant('past'), anyPlace) }),
    { freq: 2 },
  ),
});
const anyRefund = fc.record({
  type: fc.constant('takeBack'),
  of: fc.nat(5),
  percent: fc.constantFrom(10, 50, 100),
});
const anyPrice = fc.record({
  type: fc.constant('setPrice'),
  product: fc.constantFrom(...ORACLE_PRODUCTS),
  month: fc.nat(4),
  cents: fc.constantFrom('1', '12.5', '0.0015', '250', '0.333333'),
});
const anyOperation = fc.oneof(
  { weight: 8, arbitrary: anySend },
  { weight: 5, arbitrary: anyFreeze },
  { weight: 1, arbitrary: anyClose },
  { weight: 3, arbitrary: anyPurchase },
  { weight: 3, arbitrary: anyRefund },
  { weight: 2, arbitrary: anyPrice },
);
/** What one does to the service. */
export type AnyOperation = ValueOf<typeof anyOperation>;

const anyRacer = fc.oneof(
  { weight: 8, arbitrary: anySend },
  { weight: 8, arbitrary: anyFreeze },
  { weight: 1, arbitrary: anyPurchase },
);
const anyStep = fc.oneof(
  // So that what raced, or was held open, becomes one operation alone where that will do.
  { withCrossShrink: true },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant('alone'), operation: anyOperation }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('race'),
      operations: fc.array(anyRacer, { minLength: 2, maxLength: 4 }),
      apartMs: fc.nat(3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('held'),
      gate: fc.constantFrom(...GATES),
      first: fc.array(anyRacer, { minLength: 1, maxLength: 2 }),
      meanwhile: fc.array(anyRacer, { minLength: 1, maxLength: 2 }),
    }),
  },
);
/** One operation alone, or several at once. */
export type AnyStep = ValueOf<typeof anyStep>;

/** Around leap days, and around the end of a year; 2100 has no leap day. */
const FIRST_MONTHS = ['2026-01', '2024-01', '2024-02', '2028-01', '2027-12', '2025-11', '2100-01'];

/** A history in numbers. */
export const anyHistory = fc.record({
  firstMonth: fc.constantFrom(...FIRST_MONTHS),
  monthCount: fc.integer({ min: 1, max: 4 }),
  userCount: fc.integer({ min: 1, max: 3 }),
  // Early enough that bills find several, to choose from.
  purchases: fc.array(anyPurchase, { maxLength: 3 }),
  steps: fc.array(anyStep, { minLength: 1, maxLength: 14 }),
});
