import { beforeEach, expect, test } from 'vitest';
import {
  acceptFinding,
  countFindings,
  countMissedEvents,
  countOpenFindings,
  forgetResolvedFindings,
  type ListedFinding,
  listOpenFindings,
  openObjectsSince,
  resolveAppliedEvents,
  resolveFindings,
  saveFindings,
} from '../../db/reconciliation-findings.ts';
import type { FoundFinding } from '../../domain/reconciliation-findings.ts';
import { useTestDatabase } from '../support/database.ts';

const database = useTestDatabase();
beforeEach(async () => {
  await database.db.deleteFrom('reconciliation_findings').execute();
});

/** Runs, an hour after each other. */
const [FIRST, SECOND, THIRD] = [0, 1, 2].map((hours) => new Date(Date.UTC(2026, 10, 10, hours))) as [
  Date,
  Date,
  Date,
];

const changed: FoundFinding = {
  code: 'invoice_changed',
  userId: 'ada',
  objectId: 'in_1',
  what: 'It was paid.',
  fix: 'repaired',
  proposal: null,
};
const second: FoundFinding = { ...changed, code: 'second_invoice', fix: 'proposed', proposal: 'Void it.' };

const save = (at: Date, ...found: FoundFinding[]) => saveFindings(database.db, 'test', found, at);
const open = (): Promise<ListedFinding[]> => listOpenFindings(database.db, 'test', 10);
const resolve = (notSeenSince: Date, createdSince: number | null = null) =>
  resolveFindings(
    database.db,
    'test',
    { codes: ['invoice_changed', 'second_invoice'], createdSince },
    { notSeenSince, now: notSeenSince },
  );
const openSince = () => openObjectsSince(database.db, 'test');

test('found again, a finding stays the same, and knows since when it is there', async () => {
  await save(FIRST, second);
  await save(SECOND, { ...second, what: 'There are three now.' });
  expect(await open()).toMatchObject([
    { what: 'There are three now.', firstSeenAt: FIRST, lastSeenAt: SECOND },
  ]);
});

test('one about an object that was not looked at stays open, and says from when on objects are to be looked at', async () => {
  expect(await openSince()).toBeNull();
  await save(FIRST, { ...second, created: 1_000 }, { ...changed, created: 2_000 });
  expect(await openSince()).toBe(1_000);
  await resolve(SECOND, 1_001);
  expect(await open()).toMatchObject([{ code: 'second_invoice' }]);
  expect(await openSince()).toBe(1_000);
  await resolve(SECOND, 1_000);
  expect(await open()).toEqual([]);
  expect(await openSince()).toBeNull();
});

test('one whose object is of unknown age wants a look at all objects', async () => {
  await save(FIRST, second);
  expect(await openSince()).toBe(0);
  await resolve(SECOND, 1);
  expect(await open()).toHaveLength(1);
  await resolve(SECOND, 0);
  expect(await open()).toEqual([]);
});

test('what is found in lists that are read whole does not say from when on others are read', async () => {
  await save(FIRST, { ...second, code: 'customer_unknown' });
  expect(await openSince()).toBeNull();
});

test('one that a later run does not find any more is resolved, and begins anew when it is there again', async () => {
  await save(FIRST, second);
  await resolve(FIRST);
  expect(await open()).toHaveLength(1);
  await resolve(SECOND);
  expect(await open()).toEqual([]);
  await save(THIRD, second);
  expect(await open()).toMatchObject([{ firstSeenAt: THIRD, resolvedAt: null }]);
});

test('one that was repaired and is there in a later run wants a person; a repair under way does not', async () => {
  await save(FIRST, changed);
  await save(new Date(FIRST.getTime() + 60_000), changed);
  expect(await open()).toEqual([]);
  await save(SECOND, changed);
  expect(await open()).toMatchObject([
    {
      code: 'invoice_changed',
      fix: 'proposed',
      proposal:
        'It was repaired at 2026-11-10 00:00 UTC, without lasting effect: see what the customer waits for (npm run billing -- customer ada --mode test).',
    },
  ]);
  expect(await countFindings(database.db, 'test', SECOND)).toEqual({ repaired: 0, open: 1 });
});

test('one that was repaired for good, and comes back later, is repaired again', async () => {
  await save(FIRST, changed);
  await resolve(SECOND);
  await save(THIRD, changed);
  expect(await countFindings(database.db, 'test', THIRD)).toEqual({ repaired: 1, open: 0 });
});

test('the modes do not see each other', async () => {
  await save(FIRST, second);
  expect(await listOpenFindings(database.db, 'live', 10)).toEqual([]);
  await resolveFindings(
    database.db,
    'live',
    { codes: ['second_invoice'] },
    { notSeenSince: SECOND, now: SECOND },
  );
  expect(await open()).toHaveLength(1);
});

test('a missed event is resolved by its effect, and wants a person when it has none', async () => {
  const { db } = database;
  const missed = (objectId: string): FoundFinding => ({ ...changed, code: 'event_missed', objectId });
  await save(FIRST, missed('evt_applied'), missed('evt_stuck'));
  expect(await countMissedEvents(db, 'test', FIRST)).toBe(2);
  // The run counts what it has handed on.
  expect(await countFindings(db, 'test', FIRST)).toEqual({ repaired: 0, open: 0 });
  const event = {
    mode: 'test',
    stripe_customer_id: 'cus_1',
    type: 'invoice.paid',
    object_id: 'in_1',
  } as const;
  await db
    .insertInto('applied_stripe_events')
    .values({ ...event, event_id: 'evt_applied' })
    .execute();
  expect(await countMissedEvents(db, 'test', FIRST)).toBe(1);
  await resolveAppliedEvents(db, 'test', new Date(FIRST.getTime() + 60_000));
  expect(await open()).toEqual([]);
  await resolveAppliedEvents(db, 'test', SECOND);
  expect(await open()).toMatchObject([
    {
      objectId: 'evt_stuck',
      fix: 'proposed',
      proposal: expect.stringMatching(/ at 2026-11-10 00:00 UTC, .* -- customer ada --mode test/) as unknown,
    },
  ]);
});

test('one that was accepted wants nobody, until it is another one or comes back', async () => {
  const { db } = database;
  const about = { mode: 'test', code: 'second_invoice', objectId: 'in_1' } as const;
  expect(await acceptFinding(db, about, FIRST)).toBeUndefined();
  await save(FIRST, { ...second, created: 1_000 });
  expect(await acceptFinding(db, { ...about, mode: 'live' }, FIRST)).toBeUndefined();
  expect(await acceptFinding(db, about, FIRST)).toMatchObject({ what: second.what, acceptedAt: FIRST });
  expect(await acceptFinding(db, about, FIRST)).toBeUndefined();
  await save(SECOND, { ...second, created: 1_000 });
  expect(await open()).toEqual([]);
  expect(await countOpenFindings(db)).toEqual([]);
  expect(await countFindings(db, 'test', SECOND)).toMatchObject({ open: 0 });
  expect(await openSince()).toBeNull();

  await save(SECOND, { ...second, what: 'There are three now.' });
  expect(await open()).toMatchObject([{ what: 'There are three now.', acceptedAt: null }]);
  await acceptFinding(db, about, SECOND);
  await resolve(THIRD);
  await save(THIRD, { ...second, what: 'There are three now.' });
  expect(await open()).toHaveLength(1);
});

test('only what wants a person can be accepted', async () => {
  await save(FIRST, changed);
  const about = { mode: 'test', code: 'invoice_changed', objectId: 'in_1' } as const;
  expect(await acceptFinding(database.db, about, FIRST)).toBeUndefined();
});

test('what was resolved long ago is forgotten', async () => {
  const { db } = database;
  await save(FIRST, second);
  await resolve(SECOND);
  const count = async () => (await db.selectFrom('reconciliation_findings').selectAll().execute()).length;
  await forgetResolvedFindings(db, 'test', new Date(SECOND.getTime() + 89 * 86_400_000));
  expect(await count()).toBe(1);
  await forgetResolvedFindings(db, 'test', new Date(SECOND.getTime() + 91 * 86_400_000));
  expect(await count()).toBe(0);
});
