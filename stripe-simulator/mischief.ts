/** Webhooks as they come on a bad day: late, twice, out of order, or never. Set with `POST /_sim/webhooks/mischief`. */
import { z } from 'zod';
import { isOfType } from './events.ts';
import { newId } from './ids.ts';
import type { Delivery } from './store.ts';

/** What may happen to a delivery between its event and its endpoint. */
export const MISCHIEF_KINDS = [
  /** Sent `delayMs` later, by the simulator's clock. */
  'delay',
  /** Never sent, and not tried again: as if every attempt had failed. */
  'drop',
  /** Sent twice, each for itself, as Stripe says may happen. */
  'duplicate',
  /** All that the rule strikes are held back until the last of them, then sent in another order. */
  'reorder',
] as const;

/** The body of `POST /_sim/webhooks/mischief`. */
export const mischiefSchema = z.strictObject({
  kind: z.enum(MISCHIEF_KINDS),
  /** How many deliveries it strikes. */
  count: z.int().min(1).max(100_000).default(1),
  /** Only events of this type; `invoice.*` stands for all of a kind. */
  eventType: z.string().min(1).optional(),
  /** `delay`: how long. `reorder`: the longest that the first one is held back for the last. */
  delayMs: z.int().min(0).default(1_000),
  /** Strikes each delivery with this chance; those that it misses don't count. */
  probability: z.number().min(0).max(1).default(1),
  /** The same seed makes the same choices. */
  seed: z.int().default(1),
});

/** A rule that is set, with how many deliveries it has `remaining` to strike. */
export type MischiefRule = z.output<typeof mischiefSchema> & { id: string; remaining: number };

/** Milliseconds between two that were held back, so that they really leave one after the other. */
const SPACING_MS = 20;

interface ActiveRule {
  rule: MischiefRule;
  random: () => number;
  /** Of `reorder`: those that wait for the others. */
  held: Delivery[];
}

/** The rules that are set, oldest first. A delivery is struck by the first that fits. */
export class Mischief {
  #active: ActiveRule[] = [];

  add(wanted: z.output<typeof mischiefSchema>): MischiefRule {
    const rule = { ...wanted, id: newId('mischief', 8), remaining: wanted.count };
    this.#active.push({ rule, random: seededRandom(wanted.seed), held: [] });
    return rule;
  }

  list(): MischiefRule[] {
    return this.#active.map(({ rule }) => rule);
  }

  clear(): void {
    this.#active = [];
  }

  /** What is to be stored instead of a fresh delivery: it, changed, a second one, or those that waited for it. */
  strike(delivery: Delivery, nowMs: number): Delivery[] {
    const active = this.#active.find(
      ({ rule, random }) =>
        isOfType(delivery.eventType, rule.eventType ?? '*') && random() < rule.probability,
    );
    if (active === undefined) return [delivery];
    const { rule } = active;
    rule.remaining -= 1;
    if (rule.remaining === 0) this.#active = this.#active.filter((other) => other !== active);
    const struck: Delivery = { ...delivery, mischief: rule.kind };
    switch (rule.kind) {
      case 'delay':
        return [{ ...struck, nextAttemptAtMs: nowMs + rule.delayMs }];
      case 'drop':
        return [{ ...struck, status: 'failed', nextAttemptAtMs: null }];
      case 'duplicate':
        return [struck, { ...struck, id: newId('whd') }];
      case 'reorder':
        active.held.push({ ...struck, nextAttemptAtMs: nowMs + rule.delayMs });
        return rule.remaining > 0 ? active.held.slice(-1) : shuffled(active, delivery.endpointId, nowMs);
    }
  }
}

/**
 * In another order than they came, if there are two or more. Those to another endpoint may be of the other mode, whose store this is
 * not: they leave when their time is over.
 */
function shuffled({ held: all, random }: ActiveRule, endpointId: string, nowMs: number): Delivery[] {
  const held = all.filter((delivery) => delivery.endpointId === endpointId);
  const order = held.toSorted(() => random() - 0.5);
  if (order.every((delivery, index) => delivery === held[index])) order.reverse();
  return order.map((delivery, index) => ({ ...delivery, nextAttemptAtMs: nowMs + index * SPACING_MS }));
}

/** Mulberry32: small, and good enough to choose webhooks by. */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
