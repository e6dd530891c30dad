import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 500;

/** Looks at a workflow again and again until it has ended, be it with a result or a failure. */
export async function untilEnded(result: Promise<unknown>, look: () => Promise<void>): Promise<void> {
  const ended = result.then(
    () => true,
    () => true,
  );
  do await look();
  while (!(await Promise.race([ended, sleep(POLL_MS, false)])));
}
