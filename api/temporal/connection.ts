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

/** gRPC would wait longer each time, up to two minutes: so long a Temporal that is back would not be noticed. */
const LONGEST_RECONNECT_WAIT_MS = 1_000;

/**
 * A lazy connection: the api serves while Temporal is away, and answers webhooks with 503 so that Stripe sends them again. It is
 * there again a second or two after Temporal is.
 *
 * The SDK schedules the retry of a failed call by a timer that knows nothing of the caller's deadline, nor of the connection's
 * end: on a closed one it would throw where nobody can catch it, and end the process. So a retry that would come too late is not
 * waited for, and closing waits for those that are scheduled, and allows no new ones.
 */
export function connectLazily(options: ConnectionOptions): TemporalConnection {
  const retries = defaultGrpcRetryOptions();
  let isClosing = false;
  let lastRetryAtMs = 0;
  const interceptor: GrpcInterceptor = (call, nextCall) => {
    const deadlineMs = Number(call.deadline ?? Number.POSITIVE_INFINITY);
    let delayMs = 0;
    return makeGrpcRetryInterceptor({
      retryableDecider: (attempt, status) => {
        delayMs = retries.delayFunction(attempt, status);
        return !isClosing && Date.now() + delayMs < deadlineMs && retries.retryableDecider(attempt, status);
      },
      delayFunction: () => {
        lastRetryAtMs = Math.max(lastRetryAtMs, Date.now() + delayMs);
        return delayMs;
      },
    })(call, nextCall);
  };
  const connection = Connection.lazy({
    ...options,
    interceptors: [interceptor],
    channelArgs: { 'grpc.max_reconnect_backoff_ms': LONGEST_RECONNECT_WAIT_MS, ...options.channelArgs },
  });
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

type GrpcInterceptor = ReturnType<typeof makeGrpcRetryInterceptor>;

/** Timers of the same instant fire in the order they were set; ours is set later, and this much after. */
const TIMER_SLACK_MS = 20;
