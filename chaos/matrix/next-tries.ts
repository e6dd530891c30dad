import { letStripeTimePass } from '../world/stripe-clock.ts';
import { PATIENCE_MS, persistently } from './patience.ts';
import type { Stage } from './stage.ts';

/**
 * Stripe sends again now what was refused while a part was away: on a slow machine the tries of the first half minute have passed, and
 * the next is after five minutes. Its clock stays ahead: what it has planned meanwhile would be late if it went back.
 */
export async function bringNextTries(stage: Stage): Promise<void> {
  await persistently(() => letStripeTimePass(stage, 6 * 60_000));
}

/**
 * That next try may be refused as well: all come at once to an api that has just started, and on a slow machine Temporal does not take
 * them all within two seconds. The try after it is minutes away, or an hour: nobody waits for that here. Such an event is sent once
 * more, as a person has it sent in Stripe's Dashboard. One that was acknowledged never is: it would stay lost.
 */
export async function resendWhatIsPutOff({ simulator }: Pick<Stage, 'simulator'>): Promise<void> {
  const late = (await simulator.nowMs()) + PATIENCE_MS;
  const putOff = new Map<string, boolean>();
  for (const { eventId, status, nextAttemptAtMs } of await simulator.deliveries()) {
    const isPutOff = status === 'pending' && (nextAttemptAtMs ?? 0) > late;
    putOff.set(eventId, isPutOff && (putOff.get(eventId) ?? true));
  }
  for (const [eventId, isPutOff] of putOff) if (isPutOff) await simulator.redeliver(eventId);
}
