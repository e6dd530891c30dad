import { expect, test } from 'vitest';
import { HttpError } from '../../api/errors.ts';
import { refusalInWords } from '../../web/admin/answer-form.ts';

test.each([
  ['a message of the api', 'user_not_found', 'No user "ada" is registered', 'No user "ada" is registered.'],
  ["a workflow's sentence", 'decision_refused', 'They are suspended already.', 'They are suspended already.'],
] as const)('%s is shown as a sentence', (_what, code, message, shown) => {
  expect(refusalInWords(new HttpError(code, message))).toBe(shown);
});

test('that no worker took it is said in words of the page: nothing of a header, which a form does not send', () => {
  const error = new HttpError('worker_unavailable', 'send the request again with the same Idempotency-Key');
  expect(refusalInWords(error)).toMatch(/^No worker got it done in time: see on the tab Health/);
});
