import { readFile } from 'node:fs/promises';
import { Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { expect, test } from 'vitest';
import { PERSON } from '../../chaos/world/customers.ts';
import { WORKFLOW_TYPES } from '../../worker/replay.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';
import { type History, historyFile, historyOf, readHistory, recordedHistories } from './histories.ts';

quietRuntime();

const NAMES = await recordedHistories();

test.each(NAMES)('the workflow recorded as %s goes on with the code of today', async (name) => {
  await expect(replay(await readHistory(name))).resolves.toBeUndefined();
});

test('of every kind of workflow a history is recorded', async () => {
  const types = await Promise.all(
    NAMES.map(async (name) => startOf(await readHistory(name))?.workflowType?.name),
  );
  expect(new Set(types)).toEqual(new Set(WORKFLOW_TYPES));
});

test('the histories hold what is hard to replay: timers, updates, a child, and continue-as-new at both ends', async () => {
  const has = async (name: string, attributes: keyof NonNullable<History['events']>[number]) =>
    (await readHistory(name)).events?.some((event) => event[attributes] != null) ?? false;
  expect(await has('customer-in-grace', 'timerStartedEventAttributes')).toBe(true);
  expect(await has('customer-in-grace', 'workflowExecutionUpdateCompletedEventAttributes')).toBe(true);
  expect(await has('customer-waits-for-cluster', 'timerStartedEventAttributes')).toBe(true);
  expect(await has('customer-gives-place-back', 'externalWorkflowExecutionSignaledEventAttributes')).toBe(
    true,
  );
  expect(await has('customer-profile-refused', 'markerRecordedEventAttributes')).toBe(true);
  expect(await has('customer-suspended-by-operator', 'workflowExecutionUpdateCompletedEventAttributes')).toBe(
    true,
  );
  expect(await has('monthly-close-approved', 'workflowExecutionUpdateCompletedEventAttributes')).toBe(true);
  expect(await has('monthly-close-approved', 'childWorkflowExecutionCompletedEventAttributes')).toBe(true);
  expect(await has('monthly-close-partition-waits-for-stripe', 'timerStartedEventAttributes')).toBe(true);
  expect(await has('monthly-close-scheduled', 'childWorkflowExecutionCompletedEventAttributes')).toBe(true);
  expect(await has('customer-continues-as-new', 'workflowExecutionContinuedAsNewEventAttributes')).toBe(true);
  expect(await has('reconciliation', 'timerStartedEventAttributes')).toBe(true);
  expect(await has('reconciliation-scheduled', 'childWorkflowExecutionCompletedEventAttributes')).toBe(true);
  expect(await has('test-purchase', 'timerStartedEventAttributes')).toBe(true);
  expect(await has('test-purchase', 'workflowExecutionSignaledEventAttributes')).toBe(true);
  expect(startOf(await readHistory('customer-continued'))?.continuedExecutionRunId).toMatch(/^[\da-f-]{36}$/);
});

test.each(['customer-becomes-active', 'monthly-close'])(
  'a workflow that would now do something else than %s did is found out',
  async (name) => {
    const recorded = await readFile(historyFile(name), 'utf8');
    const scheduled = /"activityType": \{\s*"name": "(\w+)"/.exec(recorded);
    const tampered = recorded.replace(`"name": "${scheduled?.[1]}"`, '"name": "somethingElse"');
    expect(tampered).not.toBe(recorded);
    await expect(replay(historyOf(tampered))).rejects.toThrow(DeterminismViolationError);
  },
);

test.each(NAMES)('the history %s names no person, e-mail or card', async (name) => {
  expect(personalData(await readFile(historyFile(name), 'utf8'))).toEqual([]);
});

test('a person, an e-mail or a card in a history would be found, in a payload or beside it', () => {
  const payload = (value: unknown) =>
    JSON.stringify({
      payloads: [{ metadata: {}, data: Buffer.from(JSON.stringify(value)).toString('base64') }],
    });
  expect(personalData(payload({ to: 'someone@example.org' }))).toHaveLength(1);
  expect(personalData(payload({ number: '4242424242424242' }))).toHaveLength(1);
  expect(personalData(payload({ card: { brand: 'visa' } }))).toHaveLength(1);
  expect(personalData(payload({ card: 'success' }))).toEqual([]);
  expect(personalData(payload({ deep: [{ last4: '4242' }] }))).toHaveLength(1);
  expect(personalData(payload([`Dear ${PERSON.name}`]))).toHaveLength(1);
  expect(personalData(JSON.stringify({ identity: 'worker of ada.lovelace@example.com' }))).toHaveLength(1);
  expect(personalData(payload({ stripeCustomerId: 'cus_1', nowMs: 1_793_750_400_000 }))).toEqual([]);
});

async function replay(history: History): Promise<void> {
  await Worker.runReplayHistory({ workflowBundle: workflowBundle() }, history);
}

function startOf(history: History) {
  return history.events?.[0]?.workflowExecutionStartedEventAttributes;
}

const PERSONAL = [
  /[\w.+-]+@[\w-]+\.[a-z]{2,}/i,
  /\b\d{14,19}\b/,
  /"(email|name|phone|address|billing_details|last4)":/,
  // Which test card is asked for is nobody's.
  /"card":(?!"(success|decline|authentication)")/,
  new RegExp(PERSON.name.replace(' ', '|')),
];

/** What looks like a person's in a history, payloads decoded. */
function personalData(json: string): string[] {
  const texts: string[] = [];
  const withoutPayloads: unknown = JSON.parse(json, (key, value: unknown) => {
    if (key !== 'data' || typeof value !== 'string') return value;
    texts.push(Buffer.from(value, 'base64').toString('utf8'));
    return null;
  });
  // Temporal's own fields have a "name" too: of a type, a queue, a signal.
  texts.push(JSON.stringify(withoutPayloads).replaceAll('"name":', '"":'));
  return texts.filter((text) => PERSONAL.some((pattern) => pattern.test(text)));
}
