import {
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';

/** A connection that can be closed while calls are being retried. */
export interface TemporalConnection {
  readonly connection: Connection;
  readonly close: () => Promise<void>;
}

/**
 * A lazy connection: the api serves while Temporal is away, and answers webhooks with 503 so that Stripe sends them again.
 *
 * The SDK schedules the retry of a failed call by a timer that outlives the caller's deadline; on a closed connection it
 * would throw where nobody can catch it, and end the process. So closing waits for the retries that are scheduled, and allows
 * no new ones.
 */
export function connectLazily(options: ConnectionOptions): TemporalConnection {
  const retries = defaultGrpcRetryOptions();
  let isClosing = false;
  let lastRetryAtMs = 0;
  const interceptor = makeGrpcRetryInterceptor({
    retryableDecider: (attempt, status) => !isClosing && retries.retryableDecider(attempt, status),
    delayFunction: (attempt, status) => {
      const delayMs = retries.delayFunction(attempt, status);
      lastRetryAtMs = Math.max(lastRetryAtMs, Date.now() + delayMs);
      return delayMs;
    },
  });
  const connection = Connection.lazy({ ...options, interceptors: [interceptor] });
  return {
    connection,
    close: async () => {
      isClosing = true;
      const waitMs = lastRetryAtMs - Date.now() + TIMER_SLACK_MS;
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      await connection.close();
    },
  };
}

/** Timers of the same instant fire in the order they were set; ours is set later, and this much after. */
const TIMER_SLACK_MS = 20;
