import { expect, test } from 'vitest';
import { WEBHOOK_PATHS, wantedEventTypes } from '../../domain/stripe-event.ts';
import { type FoundEndpoint, planEndpoint } from '../../domain/webhook-endpoint-plan.ts';

const URL_OF_OURS = `https://billing.example${WEBHOOK_PATHS.live}`;
const OURS: FoundEndpoint = {
  id: 'we_ours',
  url: URL_OF_OURS,
  isEnabled: true,
  eventTypes: wantedEventTypes('live'),
  apiVersion: 'today',
  isOurs: true,
};
const BY_HAND: FoundEndpoint = { ...OURS, id: 'we_by_hand', isOurs: false };
/** Of another installation that uses the same account. */
const THEIRS: FoundEndpoint = {
  ...OURS,
  id: 'we_theirs',
  url: `https://staging.example${WEBHOOK_PATHS.live}`,
};

const NOTHING = { steps: [], forPerson: [] };
const CREATE = { steps: [{ type: 'create_endpoint', url: URL_OF_OURS }], forPerson: [] };
const [firstType = '', ...otherTypes] = OURS.eventTypes;

const plan = (...endpoints: FoundEndpoint[]) =>
  planEndpoint(endpoints, { mode: 'live', url: URL_OF_OURS, apiVersion: 'today' });
const whatIsLeft = (...endpoints: FoundEndpoint[]) => {
  const { steps, forPerson } = plan(...endpoints);
  expect(steps).toEqual([]);
  return forPerson.map(({ what }) => what);
};

test('where none sends to us one is made, whatever another installation has', () => {
  expect(plan()).toEqual(CREATE);
  expect(plan(THEIRS)).toEqual(CREATE);
  expect(plan({ ...THEIRS, isEnabled: false })).toEqual(CREATE);
});

test('one of ours, or one by hand that serves, is left as it is', () => {
  expect(plan(OURS)).toEqual(NOTHING);
  expect(plan(OURS, THEIRS)).toEqual(NOTHING);
  expect(plan(BY_HAND)).toEqual(NOTHING);
  expect(plan({ ...BY_HAND, eventTypes: ['*'] })).toEqual(NOTHING);
  expect(plan({ ...BY_HAND, url: `${URL_OF_OURS}?via=proxy` })).toEqual(NOTHING);
});

test('one of ours is enabled again, and asks for exactly what takes effect', () => {
  expect(plan({ ...OURS, isEnabled: false, eventTypes: [...otherTypes, 'charge.succeeded'] })).toEqual({
    steps: [
      {
        type: 'update_endpoint',
        id: 'we_ours',
        url: URL_OF_OURS,
        enables: true,
        adds: [firstType],
        drops: ['charge.succeeded'],
      },
    ],
    forPerson: [],
  });
});

test('of one by hand a person is told what to change', () => {
  expect(whatIsLeft({ ...BY_HAND, isEnabled: false })).toEqual([
    'we_by_hand was made by hand, and is disabled.',
  ]);
  expect(whatIsLeft({ ...BY_HAND, eventTypes: otherTypes })).toEqual([
    `we_by_hand was made by hand, and lacks ${firstType}.`,
  ]);
  expect(whatIsLeft({ ...BY_HAND, apiVersion: null })).toEqual([
    "we_by_hand was made by hand, and sends events as of the account's default version, not of today.",
  ]);
});

test('beside one of ours of an older version a new one is made, and the old one is then for a person to delete', () => {
  const older = { ...OURS, id: 'we_older', apiVersion: 'yesterday' };
  expect(plan(older)).toEqual(CREATE);
  expect(whatIsLeft(older, OURS)).toEqual([
    `we_older sends to ${URL_OF_OURS} too, so each event comes twice.`,
  ]);
  expect(plan({ ...older, isEnabled: false }, OURS)).toEqual(NOTHING);
});

test('two by hand to one address are for a person to make one', () => {
  expect(whatIsLeft(BY_HAND, { ...BY_HAND, id: 'we_again' })).toEqual([
    `we_again sends to ${URL_OF_OURS} too, so each event comes twice.`,
  ]);
  const half = { ...BY_HAND, eventTypes: [firstType] };
  expect(plan(half, { ...BY_HAND, id: 'we_other_half', eventTypes: otherTypes })).toEqual(NOTHING);
});
