import type { Mode } from '../domain/mode.ts';
import { FIRST_PAGE, type ReconciliationMemory } from '../domain/reconciliation.ts';
import type { Database } from './database.ts';

const NEVER: ReconciliationMemory = {
  eventsThrough: null,
  objectsComparedAt: null,
  lastFullRunAtMs: null,
  meters: FIRST_PAGE,
  metersSinceMs: null,
};

/** What the mode's runs have left so far. */
export async function loadReconciliation(db: Database, mode: Mode): Promise<ReconciliationMemory> {
  const row = await db.selectFrom('reconciliations').selectAll().where('mode', '=', mode).executeTakeFirst();
  if (row === undefined) return NEVER;
  return {
    eventsThrough: row.events_through,
    objectsComparedAt: row.objects_compared_at,
    lastFullRunAtMs: row.last_full_run_at?.getTime() ?? null,
    meters: { part: row.meters_part, after: row.meters_after },
    metersSinceMs: row.meters_since?.getTime() ?? null,
  };
}

/** Remembers a run that has ended. */
export async function saveReconciliation(
  db: Database,
  mode: Mode,
  memory: ReconciliationMemory,
  endedAt: Date,
): Promise<void> {
  const row = {
    events_through: memory.eventsThrough,
    objects_compared_at: memory.objectsComparedAt,
    last_run_at: endedAt,
    last_full_run_at: dateOrNull(memory.lastFullRunAtMs),
    meters_part: memory.meters.part,
    meters_after: memory.meters.after,
    meters_since: dateOrNull(memory.metersSinceMs),
  };
  await db
    .insertInto('reconciliations')
    .values({ mode, ...row })
    .onConflict((conflict) => conflict.column('mode').doUpdateSet(row))
    .execute();
}

/** When the mode's last run ended; `null`: there was none. */
export async function lastReconciledAt(db: Database, mode: Mode): Promise<Date | null> {
  const row = await db
    .selectFrom('reconciliations')
    .select('last_run_at')
    .where('mode', '=', mode)
    .executeTakeFirst();
  return row?.last_run_at ?? null;
}

const dateOrNull = (ms: number | null) => (ms === null ? null : new Date(ms));
