import { Counter } from 'prom-client';
import { pruneReceipts, RECEIPTS_KEPT_DAYS, saveReceipts } from '../../db/webhook-receipts.ts';
import { DAY_MS } from '../../domain/days.ts';
import type { WebhookReceipt } from '../../domain/webhook-receipt.ts';
import { describeError } from '../../telemetry/describe-error.ts';
import type { ApiDependencies } from '../dependencies.ts';

const FLUSH_EVERY_MS = 1_000;
const ROWS_PER_WRITE = 1_000;
/** Some megabytes; half a minute of as many webhooks as one api takes. */
const MAX_WAITING = 10_000;
/** Anybody can send what is no event of Stripe's: so many are kept in a minute, and the others are only counted. */
const MAX_UNVERIFIED_PER_MINUTE = 60;
const MINUTE_MS = 60_000;
const PRUNE_EVERY_MS = 60 * MINUTE_MS;

/** Remembers what came in at the webhook endpoints. No webhook waits for it, or fails because of it. */
export interface ReceiptLog {
  add(receipt: WebhookReceipt): void;
  /** Writes what waits, if that can be written now, and ends. */
  close(): Promise<void>;
}

/**
 * Writes receipts behind their webhooks, once a second, all that came at once. While the database is away so many wait as memory
 * allows; then the oldest are dropped and counted. They are for people to look at: nothing of billing hangs on them.
 */
export function createReceiptLog(
  dependencies: Pick<ApiDependencies, 'db' | 'log' | 'metrics' | 'now'>,
): ReceiptLog {
  const { db, log, metrics, now = () => new Date() } = dependencies;
  const dropped = new Counter({
    name: 'billing_webhook_receipts_dropped_total',
    help: 'Webhook deliveries that operators are not shown: the database was away, or too many were not signed by Stripe',
    labelNames: ['why'],
    registers: [metrics],
  });
  const waiting: WebhookReceipt[] = [];
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<boolean> | undefined;
  let isFailing = false;
  let prunedAtMs = Number.NEGATIVE_INFINITY;
  let minute = { startedAtMs: 0, unverified: 0 };

  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void flush().then(() => waiting.length > 0 && schedule());
    }, FLUSH_EVERY_MS).unref();
  };

  /** @returns whether nothing waits any more. */
  const flush = async (): Promise<boolean> => {
    underWay ??= write().finally(() => {
      underWay = undefined;
    });
    return await underWay;
  };

  const write = async (): Promise<boolean> => {
    try {
      while (waiting.length > 0) {
        const batch = waiting.slice(0, ROWS_PER_WRITE);
        await saveReceipts(db, batch);
        // Some of them may have been dropped meanwhile.
        const written = new Set(batch);
        while (waiting[0] !== undefined && written.has(waiting[0])) waiting.shift();
      }
      await prune();
      isFailing = false;
      return true;
    } catch (error) {
      // Once for each time that the database is away.
      if (!isFailing) log.warn({ cause: describeError(error) }, 'webhook receipts can not be written');
      isFailing = true;
      return false;
    }
  };

  const prune = async (): Promise<void> => {
    if (performance.now() < prunedAtMs + PRUNE_EVERY_MS) return;
    prunedAtMs = performance.now();
    await pruneReceipts(db, new Date(now().getTime() - RECEIPTS_KEPT_DAYS * DAY_MS));
  };

  const isOneTooMany = ({ verifiedAt }: WebhookReceipt): boolean => {
    if (verifiedAt !== null) return false;
    const nowMs = performance.now();
    if (nowMs > minute.startedAtMs + MINUTE_MS) minute = { startedAtMs: nowMs, unverified: 0 };
    minute.unverified += 1;
    return minute.unverified > MAX_UNVERIFIED_PER_MINUTE;
  };

  return {
    add: (receipt) => {
      if (isOneTooMany(receipt)) return dropped.inc({ why: 'unverified' });
      if (waiting.push(receipt) > MAX_WAITING) {
        waiting.shift();
        dropped.inc({ why: 'database' });
      }
      schedule();
    },
    close: async () => {
      clearTimeout(timer);
      timer = undefined;
      if (underWay !== undefined) await underWay;
      await flush();
    },
  };
}
