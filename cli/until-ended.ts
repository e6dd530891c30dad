import { meanwhile } from '../stack/waiting.ts';

const POLL_MS = 500;

/** Looks at a workflow at once, and again and again until it has ended, be it with a result or a failure. */
export async function untilEnded(result: Promise<unknown>, look: () => Promise<void>): Promise<void> {
  await look();
  const ended = result.catch(() => undefined);
  await meanwhile(ended, POLL_MS, look);
}
