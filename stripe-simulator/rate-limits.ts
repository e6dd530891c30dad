/** Stripe's rate limits, off until `POST /_sim/rate-limits` switches them on. https://docs.stripe.com/rate-limits */
import { z } from 'zod';
import type { ModeName } from './mode.ts';

/** Requests per second. */
export const rateLimitSchema = z.strictObject({
  enabled: z.boolean().default(true),
  live: z.number().positive().default(100),
  test: z.number().positive().default(25),
  /** For each method and route, in either mode. */
  perEndpoint: z.number().positive().default(25),
});

/** The limits as they are set, whether they are on or not. */
export type RateLimitSettings = z.output<typeof rateLimitSchema>;

/** As the header `Stripe-Rate-Limited-Reason` has it. */
export type RateLimitReason = 'endpoint-rate' | 'global-rate';

/** Holds a second's worth of tokens, and is filled again as real time goes by, whatever the simulator's clock says. */
class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#filledAtMs = nowMs;
  }

  take(nowMs: number): boolean {
    const gained = ((nowMs - this.#filledAtMs) / 1_000) * this.#perSecond;
    this.#tokens = Math.min(this.#tokens + gained, this.#perSecond);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** Counts requests against the limits. It starts switched off, with Stripe's own figures. */
export class RateLimits {
  #settings: RateLimitSettings = { ...rateLimitSchema.parse({}), enabled: false };
  #buckets = new Map<string, TokenBucket>();

  get settings(): RateLimitSettings {
    return this.#settings;
  }

  /** Starts again with full buckets. */
  set(settings: RateLimitSettings): void {
    this.#settings = settings;
    this.#buckets = new Map();
  }

  /** Counts a request; returns why it is refused, if it is. `endpoint` is its method and the route's path. */
  refuse(mode: ModeName, endpoint: string, nowMs = performance.now()): RateLimitReason | undefined {
    if (!this.#settings.enabled) return undefined;
    const { perEndpoint } = this.#settings;
    if (!this.#bucket(mode, this.#settings[mode], nowMs).take(nowMs)) return 'global-rate';
    if (!this.#bucket(`${mode} ${endpoint}`, perEndpoint, nowMs).take(nowMs)) return 'endpoint-rate';
    return undefined;
  }

  #bucket(key: string, perSecond: number, nowMs: number): TokenBucket {
    const found = this.#buckets.get(key) ?? new TokenBucket(perSecond, nowMs);
    this.#buckets.set(key, found);
    return found;
  }
}
