/** Faults on demand: what a network, a proxy or Stripe itself does on a bad day. Set with `POST /_sim/faults`. */
import { z } from 'zod';
import { newId } from './ids.ts';
import type { ModeName } from './mode.ts';
import { MODE_NAMES } from './mode.ts';

/** What may go wrong with a request under `/v1` that has a good API key and a route, and is no replay. */
export const FAULT_KINDS = [
  /** Waits `latencyMs`, then does the work. */
  'latency',
  /** 403: a restricted key without the permission for this. */
  'status_403',
  /** 409 `lock_timeout`: another request has the object. Not stored under the idempotency key. */
  'status_409',
  /** 429 with `Stripe-Rate-Limited-Reason`, or without (`reason: null`). With reason `lock_timeout` it is stored, as at Stripe. */
  'status_429',
  /** 500; nothing was done, and this answer is stored under the idempotency key. */
  'status_500',
  /** 500 of a proxy, whose JSON has no `error`: Stripe never saw the request. */
  'status_500_without_error',
  /** The work is done (and stored under the key), then the connection breaks without an answer. */
  'processed_without_answer',
  /** The connection breaks before anything was done. */
  'reset',
  /** A proxy's 502 page. */
  'html',
] as const;

/** One way in which a request goes wrong. */
export type FaultKind = (typeof FAULT_KINDS)[number];

/** The body of `POST /_sim/faults`. */
export const faultSchema = z.strictObject({
  /** Method and path; a segment that starts with `:` (or is `*`) stands for any id, a last `**` for any rest. */
  route: z.string().regex(/^(GET|POST|DELETE|\*) \/\S*$/, "must look like 'POST /v1/invoices/:id/finalize'"),
  kind: z.enum(FAULT_KINDS),
  /** How many requests it strikes. */
  count: z.int().min(1).default(1),
  /** How long any fault waits before it strikes, in real time. */
  latencyMs: z.int().min(0).max(600_000).default(0),
  /** Of `status_429`: what `Stripe-Rate-Limited-Reason` says; `lock_timeout` and null send no such header. */
  reason: z.string().nullable().default('global-rate'),
  /** Only this mode's requests. */
  mode: z.enum(MODE_NAMES).optional(),
});

/** A fault that is set, with how many requests it has `remaining` to strike. */
export type Fault = z.output<typeof faultSchema> & { id: string; remaining: number };

/** The faults that are set, oldest first: a request is struck by the first that fits. They end with the process. */
export class Faults {
  #faults: Fault[] = [];

  add(fault: z.output<typeof faultSchema>): Fault {
    const added = { ...fault, id: newId('fault', 8), remaining: fault.count };
    this.#faults.push(added);
    return added;
  }

  list(): Fault[] {
    return [...this.#faults];
  }

  clear(): void {
    this.#faults = [];
  }

  /** The first fault that strikes this request, counted down. */
  strike(mode: ModeName, method: string, path: string): Fault | undefined {
    const fault = this.#faults.find(
      (candidate) => (candidate.mode ?? mode) === mode && matchesRoute(candidate.route, method, path),
    );
    if (fault === undefined) return undefined;
    fault.remaining -= 1;
    if (fault.remaining === 0) this.#faults = this.#faults.filter((other) => other !== fault);
    return fault;
  }
}

function matchesRoute(route: string, method: string, path: string): boolean {
  const [wantedMethod = '', wantedPath = ''] = route.split(' ');
  if (wantedMethod !== '*' && wantedMethod !== method) return false;
  const wanted = wantedPath.split('/');
  const actual = path.split('/');
  if (wanted.at(-1) === '**') {
    wanted.pop();
    actual.length = Math.min(actual.length, wanted.length);
  }
  return (
    wanted.length === actual.length &&
    wanted.every((segment, index) => segment === '*' || segment.startsWith(':') || segment === actual[index])
  );
}
