import { Context } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

/** Beats in one heartbeat timeout: one may be late, and one may get lost. */
const BEATS_PER_TIMEOUT = 3;

/**
 * Says at intervals that an activity is alive. Without it, one whose worker died, or which Temporal handed to a worker that was
 * just stopping, would be missed only at its start-to-close timeout; with it, at the heartbeat timeout.
 */
export class HeartbeatInterceptor implements ActivityInboundCallsInterceptor {
  async execute(
    input: ActivityExecuteInput,
    next: Next<ActivityInboundCallsInterceptor, 'execute'>,
  ): Promise<unknown> {
    const context = Context.current();
    const { heartbeatTimeoutMs } = context.info;
    if (heartbeatTimeoutMs === undefined) return await next(input);
    const beats = setInterval(() => context.heartbeat(), heartbeatTimeoutMs / BEATS_PER_TIMEOUT);
    try {
      return await next(input);
    } finally {
      clearInterval(beats);
    }
  }
}
