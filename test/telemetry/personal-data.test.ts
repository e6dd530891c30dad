import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { describeError } from '../../telemetry/describe-error.ts';
import { removePersonalData, withoutPersonalData } from '../../telemetry/personal-data.ts';

function refusal(): DatabaseError {
  const error = new DatabaseError('invalid input syntax for type json: "Ada Lovelace"', 1, 'error');
  return Object.assign(error, {
    code: '23514',
    table: 'users',
    constraint: 'users_status_check',
    detail: 'Failing row contains (ada@example.com, Ada Lovelace).',
    where: 'COPY users, line 1: "Ada Lovelace"',
  });
}

test.each([
  ['Invalid email address: ada.lovelace+1@mail.example.com', 'Invalid email address: [e-mail]'],
  ['The card 4242 4242 4242 4242 is not real', 'The card [number] is not real'],
  ['No such customer: cus_NffrFeUfNV2Hib', 'No such customer: cus_NffrFeUfNV2Hib'],
  ['at 1793750400000, request req_123', 'at 1793750400000, request req_123'],
])('of the text %s is kept: %s', (text, kept) => {
  expect(withoutPersonalData(text)).toBe(kept);
});

test('of an error of PostgreSQL’s is said what it is about, and nothing that it quotes', () => {
  const described = describeError(new Error('the step failed', { cause: refusal() }));
  expect(described).toMatchObject({
    message: 'the step failed',
    cause: {
      code: '23514',
      message: 'PostgreSQL refused with 23514, table users, constraint users_status_check',
    },
  });
  expect(JSON.stringify(described)).not.toMatch(/ada|lovelace/i);
});

test('an error that goes on its way keeps its class and loses what it quotes, with all that caused it', () => {
  const cause = refusal();
  const error = new TypeError('no mail to ada@example.com', { cause });
  removePersonalData(error);
  expect(error).toBeInstanceOf(TypeError);
  expect(error.message).toBe('no mail to [e-mail]');
  expect(cause).toBeInstanceOf(DatabaseError);
  expect(`${error.stack} ${cause.stack} ${JSON.stringify(cause)}`).not.toMatch(/ada|lovelace/i);
});
