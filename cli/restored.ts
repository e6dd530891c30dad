import { InvalidArgumentError } from 'commander';
import { LOOK_FIRST_DAYS, noteRestore } from '../db/restores.ts';
import { say } from './console.ts';
import type { CliContext } from './context.ts';

/** Notes that the database was put back to a backup: from then on every write to Stripe looks first. */
export async function noteRestored(context: CliContext, backupAt: Date): Promise<void> {
  await context.withDatabase(async (db) => {
    await noteRestore(db, backupAt);
  });
  say(`Noted: this database is one of ${backupAt.toISOString()}.`);
  say(`For ${LOOK_FIRST_DAYS} days every write to Stripe looks first whether it was made before.`);
  say(
    'Next: start workers and api, have the host product send its users and usage again, then: npm run billing -- reconcile',
  );
}

/** @throws InvalidArgumentError when it is no instant, or one that has not been yet. */
export function parseInstant(text: string): Date {
  const instant = new Date(text);
  const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  if (!isWhole || Number.isNaN(instant.getTime()))
    throw new InvalidArgumentError('Write an instant with its time zone, such as 2026-11-28T22:15:00Z.');
  if (instant > new Date()) throw new InvalidArgumentError('This has not been yet.');
  return instant;
}
