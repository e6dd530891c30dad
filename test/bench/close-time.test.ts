import { expect, test } from 'vitest';
import { closeSeconds, inHours } from '../../bench/close-time.ts';

test('a close takes as long as both of its phases, one after the other', () => {
  expect(closeSeconds(100_000, { freezing: 200, charging: 25 })).toBe(500 + 4_000);
});

test('long times are told in hours and minutes', () => {
  expect(inHours(89)).toBe('1 min');
  expect(inHours(3_599)).toBe('1 h 0 min');
  expect(inHours(40_800)).toBe('11 h 20 min');
});
