import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { beforeAll, describe, expect, it, test } from 'vitest';
import {
  createBatchActivities,
  createBillingActivities,
  createChargeActivities,
  createHookActivities,
} from '../../activities/activities.ts';
import type { ActivityDependencies } from '../../activities/dependencies.ts';
import { boundariesIn, readPublished } from '../../chaos/matrix/published.ts';
import { SCENARIOS } from '../../chaos/matrix/rows.ts';
import { SAFEGUARDS } from '../../chaos/matrix/safeguards.ts';
import { createTestDatabase } from '../support/database.ts';

/** Activities that the matrix has no row for, and why: docs/reliability.md says it too. */
const OUTSIDE: ReadonlySet<string> = new Set([
  // Test purchases touch no customer's billing.
  'registerTestBuyer',
  'findTestProduct',
  'createTestPayment',
  'lookAtTestPayment',
  'cancelTestPayment',
  'grantTestCredits',
  'saveTestPurchase',
  // An erasure looks first what is left to do; test/workflows/erasure.test.ts repeats each step.
  'closeUserForErasure',
  'voidInvoicesForErasure',
  'deleteStripeCustomer',
  'eraseUserData',
  // Minutes of failing beside others come before it, and the second time it changes nothing.
  'parkBill',
]);

/** Factories only keep what they are given. */
const NOTHING = { stripe: { live: null, test: null } } as ActivityDependencies;

const ACTIVITIES = Object.keys({
  ...createBillingActivities(NOTHING),
  ...createBatchActivities(NOTHING),
  ...createChargeActivities(NOTHING),
  ...createHookActivities(NOTHING),
});

describe('the published matrix', () => {
  let document: string;
  beforeAll(async () => {
    document = await readPublished();
  });

  it.each(ACTIVITIES.filter((name) => !OUTSIDE.has(name)))('has rows before and after %s', (name) => {
    const sides = boundariesIn(document).filter(({ step }) => step === name);
    expect(new Set(sides.map(({ side }) => side))).toEqual(new Set(['before', 'after']));
  });

  it('is of a whole run, and all its rows are green', () => {
    const [, matrix = ''] = /<!-- matrix -->(.*)<!-- \/matrix -->/s.exec(document) ?? [];
    const cells = matrix.split('\n').filter((line) => /^\| (before|after) /.test(line));
    expect(cells.length).toBeGreaterThan(0);
    expect(cells.filter((line) => line.includes('–') || line.includes('✗'))).toEqual([]);
  });

  it('leaves out no activity that is gone', () => {
    expect([...OUTSIDE].filter((name) => !ACTIVITIES.includes(name))).toEqual([]);
  });

  it('has the stories that are played, each with what happens in it', () => {
    expect([...new Set(boundariesIn(document).map(({ scenario }) => scenario))]).toEqual(
      SCENARIOS.map(({ name }) => name),
    );
    for (const { story } of SCENARIOS) expect(document).toContain(story);
  });

  it.each(SAFEGUARDS)('says what becomes of it without $name', ({ name, without }) => {
    expect(document).toContain(`| **${name}**: ${without} |`);
  });
});

test.each(SAFEGUARDS.filter(({ statements }) => statements.length > 0))(
  'the database has what "$name" takes away',
  async ({ statements }) => {
    const database = await createTestDatabase();
    try {
      for (const statement of statements)
        await expect(sql.raw(statement).execute(database.db)).resolves.toBeDefined();
    } finally {
      await database.drop();
    }
  },
);

const MUTATIONS = SAFEGUARDS.flatMap(({ name, mutations }) => mutations.map((each) => ({ name, ...each })));

test.each(MUTATIONS)('the line that takes away "$name" stands once in $file', async (mutation) => {
  const source = await readFile(new URL(`../../${mutation.file}`, import.meta.url), 'utf8');
  expect(source.split(mutation.text)).toHaveLength(2);
  expect(mutation.replacement).not.toBe(mutation.text);
});
