import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BillingPeriod, nextPeriod, parseBillingPeriod } from '../../domain/billing-period.ts';
import type { Mode } from '../../domain/mode.ts';
import type { Stack } from '../../stack/stack.ts';
import { onThrowAwayStack } from '../../stack/throw-away-stack.ts';
import { BOUNDARIES_URL, WORKFLOW_BUNDLE } from '../boundaries/boundary.ts';
import type { RunningBilling } from '../world/running-billing.ts';
import { reachStack } from '../world/stack-billing.ts';
import { BoundaryController } from './controller.ts';
import { HostProduct } from './host-product.ts';

/** A stack whose processes stand still where they are told to, and what plays the world around it. */
export interface Stage extends RunningBilling {
  readonly stack: Stack;
  readonly controller: BoundaryController;
  readonly host: HostProduct;
  readonly months: Months;
  /** Counts the days that were made to pass for Stripe's idempotency keys. */
  passDay(): number;
}

/** What a stage is made of, where it is not as usual: safeguards are taken away in a copy of the sources. */
export interface StageOptions {
  /** The folder with the sources that worker and api run from; the project's own unless given. */
  readonly sources?: string | undefined;
}

/** Who owes loses access at once, late events are not waited for, and what is five times as much as usual is held. */
const RULES = {
  BILLING_GRACE_DAYS: '0',
  BILLING_COLLECTION_WINDOW: '0',
  BILLING_HOLD_FACTOR: '5',
  BILLING_HOLD_MINIMUM_DOLLARS: '1',
  STRIPE_BATCH_REQUESTS_PER_SECOND: '3000',
  LOG_LEVEL: 'warn',
} as const;

/** Starts a stack of its own with everything around it, and deletes it afterwards. */
export async function onStage<Result>(
  play: (stage: Stage) => Promise<Result>,
  { sources }: StageOptions = {},
): Promise<Result> {
  await using controller = await BoundaryController.start();
  await using host = await HostProduct.start();
  const folder = await mkdtemp(path.join(tmpdir(), 'durable-billing-matrix-'));
  try {
    return await onThrowAwayStack(
      async (stack) => {
        await using service = reachStack(stack.file);
        let days = 0;
        const passDay = () => (days += 1);
        return await play({ ...service, stack, controller, host, months: new Months(), passDay });
      },
      {
        preloads: { worker: 'chaos/boundaries/worker.ts', api: 'chaos/boundaries/api.ts' },
        programs:
          sources === undefined
            ? {}
            : { worker: path.join(sources, 'worker/main.ts'), api: path.join(sources, 'api/main.ts') },
        variables: {
          ...RULES,
          HOST_WEBHOOK_URL: host.url,
          HOST_WEBHOOK_SECRET: host.secret,
          HOST_TEST_WEBHOOK_URL: host.url,
          HOST_TEST_WEBHOOK_SECRET: host.secret,
          [BOUNDARIES_URL]: controller.url,
          [WORKFLOW_BUNDLE]: path.join(folder, 'workflows.js'),
        },
      },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Hands out months of the past, each once: a close bills whatever is unbilled up to its month, whosever it is. */
export class Months {
  readonly #last: Record<Mode, BillingPeriod> = {
    live: parseBillingPeriod('1989-12'),
    test: parseBillingPeriod('1989-12'),
  };
  readonly #turn: Record<Mode, Promise<unknown>> = { live: Promise.resolve(), test: Promise.resolve() };

  next(mode: Mode): BillingPeriod {
    this.#last[mode] = nextPeriod(this.#last[mode]);
    return this.#last[mode];
  }

  /** Uses and closes as one: whoever else closes a month of the mode waits, and bills nothing of it. */
  async inTurn<Result>(mode: Mode, work: () => Promise<Result>): Promise<Result> {
    const mine = this.#turn[mode].then(work);
    this.#turn[mode] = mine.catch(() => undefined);
    return await mine;
  }
}
