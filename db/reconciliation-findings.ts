import { type Expression, type SqlBool, sql } from 'kysely';
import { DAY_MS } from '../domain/days.ts';
import type { Mode } from '../domain/mode.ts';
import {
  codesOf,
  type Finding,
  type FindingCode,
  type Fix,
  type FoundFinding,
  WINDOWED_PASSES,
} from '../domain/reconciliation-findings.ts';
import type { Database } from './database.ts';

/** A repair that has had so long, and did not help, is a person's. Milliseconds. */
const REPAIR_TAKES_MS = 10 * 60_000;
/** What to do about such a finding. Whatever can be repaired is somebody's. */
const LOOK_AT_CUSTOMER = sql<string>`concat('It was repaired at ',
  to_char(reconciliation_findings.first_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
  ', without lasting effect: see what the customer waits for (npm run billing -- customer ',
  reconciliation_findings.user_id, ' --mode ', reconciliation_findings.mode, ').')`;
/** Resolved findings are kept for so long, for people to look at. */
const RESOLVED_KEPT_MS = 90 * DAY_MS;
/** One that was saved before this was kept may be about an object of any age. */
const OBJECT_CREATED = sql<number>`coalesce(object_created, 0)`;

/**
 * Saves what a run has found; found again, a finding stays the same. One that was repaired, and is still so in a later run, wants
 * a person from then on. One that was accepted stays so for as long as it is described the same.
 *
 * @param seenAt when the run began.
 */
export async function saveFindings(
  db: Database,
  mode: Mode,
  findings: readonly FoundFinding[],
  seenAt: Date,
): Promise<void> {
  for (const { code, objectId, userId, created, what, fix, proposal } of findings) {
    const row = { user_id: userId, object_created: created ?? null, what, last_seen_at: seenAt };
    const wasRepaired = sql<boolean>`reconciliation_findings.resolved_at IS NULL
      AND reconciliation_findings.first_seen_at < ${new Date(seenAt.getTime() - REPAIR_TAKES_MS)}`;
    const again = fix === 'repaired' ? wasRepaired : sql<boolean>`false`;
    await db
      .insertInto('reconciliation_findings')
      .values({
        mode,
        code,
        object_id: objectId,
        fix,
        proposal,
        first_seen_at: seenAt,
        resolved_at: null,
        accepted_at: null,
        ...row,
      })
      .onConflict((conflict) =>
        conflict.columns(['mode', 'code', 'object_id']).doUpdateSet({
          ...row,
          fix: sql`CASE WHEN ${again} THEN 'proposed' ELSE ${fix} END`,
          proposal: sql`CASE WHEN ${again} THEN ${LOOK_AT_CUSTOMER} ELSE ${proposal}::text END`,
          first_seen_at: sql<Date>`CASE WHEN reconciliation_findings.resolved_at IS NULL
            THEN reconciliation_findings.first_seen_at ELSE ${seenAt} END`,
          accepted_at: sql<Date | null>`CASE WHEN reconciliation_findings.resolved_at IS NULL
            AND reconciliation_findings.what = ${what} THEN reconciliation_findings.accepted_at END`,
          resolved_at: null,
        }),
      )
      .execute();
  }
}

/** Which findings a run could have found again. */
interface Findable {
  readonly codes: readonly FindingCode[];
  /** Only those about these objects. */
  readonly objectIds?: readonly string[];
  /** Only those about objects made since then, Unix seconds of Stripe's clock. */
  readonly createdSince?: number | null;
}

/** Resolves those of these findings that were not found any more since a run began. */
export async function resolveFindings(
  db: Database,
  mode: Mode,
  { codes, objectIds, createdSince = null }: Findable,
  { notSeenSince, now }: { readonly notSeenSince: Date; readonly now: Date },
): Promise<void> {
  if (codes.length === 0 || objectIds?.length === 0) return;
  await db
    .updateTable('reconciliation_findings')
    .set({ resolved_at: now })
    .where('mode', '=', mode)
    .where('resolved_at', 'is', null)
    .where('code', 'in', codes)
    .where('last_seen_at', '<', notSeenSince)
    .$if(objectIds !== undefined, (query) => query.where('object_id', 'in', objectIds ?? []))
    .$if(createdSince !== null, (query) => query.where(OBJECT_CREATED, '>=', createdSince))
    .execute();
}

/** Resolves missed events that have had their effect since; what is left over longer than a repair takes, a person must see to. */
export async function resolveAppliedEvents(db: Database, mode: Mode, now: Date): Promise<void> {
  const open = db
    .updateTable('reconciliation_findings')
    .where('reconciliation_findings.mode', '=', mode)
    .where('code', '=', 'event_missed')
    .where('resolved_at', 'is', null);
  await open
    .from('applied_stripe_events as applied')
    .set({ resolved_at: now })
    .whereRef('applied.mode', '=', 'reconciliation_findings.mode')
    .whereRef('applied.event_id', '=', 'reconciliation_findings.object_id')
    .execute();
  await open
    .set({ fix: 'proposed', proposal: LOOK_AT_CUSTOMER })
    .where('fix', '=', 'repaired')
    .where('first_seen_at', '<', new Date(now.getTime() - REPAIR_TAKES_MS))
    .execute();
}

/** How many of the events that a run has handed to customers have not had their effect yet. */
export async function countMissedEvents(db: Database, mode: Mode, seenAt: Date): Promise<number> {
  const { count } = await db
    .selectFrom('reconciliation_findings as finding')
    .select((query) => query.fn.countAll<number>().as('count'))
    .where('finding.mode', '=', mode)
    .where('code', '=', 'event_missed')
    .where('last_seen_at', '=', seenAt)
    .where((query) =>
      query.not(
        query.exists(
          query
            .selectFrom('applied_stripe_events as applied')
            .select('applied.event_id')
            .whereRef('applied.mode', '=', 'finding.mode')
            .whereRef('applied.event_id', '=', 'finding.object_id'),
        ),
      ),
    )
    .executeTakeFirstOrThrow();
  return count;
}

/** Forgets what was resolved long ago. */
export async function forgetResolvedFindings(db: Database, mode: Mode, now: Date): Promise<void> {
  await db
    .deleteFrom('reconciliation_findings')
    .where('mode', '=', mode)
    .where('resolved_at', '<', new Date(now.getTime() - RESOLVED_KEPT_MS))
    .execute();
}

/** What a run has repaired, missed events apart, which the run itself counts; and what is open and wants a person. */
export async function countFindings(
  db: Database,
  mode: Mode,
  seenAt: Date,
): Promise<{ readonly repaired: number; readonly open: number }> {
  return await db
    .selectFrom('reconciliation_findings')
    .select((query) => {
      const count = (fix: Fix, which: Expression<SqlBool>) =>
        query.fn.countAll<number>().filterWhere(query.and([query('fix', '=', fix), which]));
      return [
        count(
          'repaired',
          query.and([query('last_seen_at', '=', seenAt), query('code', '<>', 'event_missed')]),
        ).as('repaired'),
        count('proposed', query.and([query('resolved_at', 'is', null), query('accepted_at', 'is', null)])).as(
          'open',
        ),
      ];
    })
    .where('mode', '=', mode)
    .executeTakeFirstOrThrow();
}

/** A finding with when it was found. */
export interface ListedFinding extends Finding {
  readonly mode: Mode;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly resolvedAt: Date | null;
  /** When a person said that it is to be so; `null`: nobody has. */
  readonly acceptedAt: Date | null;
}

/** One that wants a person. */
interface OpenFinding extends ListedFinding {
  readonly proposal: string;
}

/** Open findings that want a person, the oldest first. */
export async function listOpenFindings(db: Database, mode: Mode, limit: number): Promise<OpenFinding[]> {
  const rows = await findings(db, mode)
    .where('resolved_at', 'is', null)
    .where('accepted_at', 'is', null)
    .where('fix', '=', 'proposed')
    .orderBy('first_seen_at')
    .orderBy('object_id')
    .limit(limit)
    .$narrowType<{ proposal: string }>()
    .execute();
  return rows.map((row) => ({ ...listed(row), proposal: row.proposal }));
}

/**
 * Notes that an open finding is to be so: it wants nobody any more, until it is described otherwise or comes back after it was resolved.
 *
 * @returns what was accepted; `undefined` when no such finding wants a person.
 */
export async function acceptFinding(
  db: Database,
  { mode, code, objectId }: Pick<ListedFinding, 'mode' | 'code' | 'objectId'>,
  now: Date,
): Promise<ListedFinding | undefined> {
  const row = await db
    .updateTable('reconciliation_findings')
    .set({ accepted_at: now })
    .where('mode', '=', mode)
    .where('code', '=', code)
    .where('object_id', '=', objectId)
    .where('fix', '=', 'proposed')
    .where('resolved_at', 'is', null)
    .where('accepted_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : listed(row);
}

/** What a run has found, those for a person first. */
export async function listFindingsOfRun(
  db: Database,
  mode: Mode,
  seenAt: Date,
  limit: number,
): Promise<ListedFinding[]> {
  const rows = await findings(db, mode)
    .where('last_seen_at', '=', seenAt)
    .orderBy('fix')
    .orderBy('code')
    .orderBy('object_id')
    .limit(limit)
    .execute();
  return rows.map(listed);
}

/**
 * When the oldest of the objects was made that open findings of windowed lists are about, Unix seconds of Stripe's clock: reading from
 * then on shows whether they are still so. What was accepted may stay as it is unseen. `null`: none is open.
 */
export async function openObjectsSince(db: Database, mode: Mode): Promise<number | null> {
  const { since } = await db
    .selectFrom('reconciliation_findings')
    .select((query) => query.fn.min<number | null>(OBJECT_CREATED).as('since'))
    .where('mode', '=', mode)
    .where('code', 'in', codesOf(WINDOWED_PASSES))
    .where('resolved_at', 'is', null)
    .where('accepted_at', 'is', null)
    .executeTakeFirstOrThrow();
  return since;
}

/** How many findings are open, by code and by what is done about them; without those that were accepted. */
export async function countOpenFindings(
  db: Database,
): Promise<{ readonly mode: Mode; readonly code: FindingCode; readonly fix: Fix; readonly count: number }[]> {
  return await db
    .selectFrom('reconciliation_findings')
    .select((query) => ['mode', 'code', 'fix', query.fn.countAll<number>().as('count')])
    .where('resolved_at', 'is', null)
    .where('accepted_at', 'is', null)
    .groupBy(['mode', 'code', 'fix'])
    .orderBy('code')
    .execute();
}

function findings(db: Database, mode: Mode) {
  return db.selectFrom('reconciliation_findings').selectAll().where('mode', '=', mode);
}

function listed(row: Awaited<ReturnType<ReturnType<typeof findings>['execute']>>[number]): ListedFinding {
  return {
    mode: row.mode,
    code: row.code,
    userId: row.user_id,
    objectId: row.object_id,
    what: row.what,
    fix: row.fix,
    proposal: row.proposal,
    firstSeenAt: row.first_seen_at,
    lastSeenAt: row.last_seen_at,
    resolvedAt: row.resolved_at,
    acceptedAt: row.accepted_at,
  };
}
