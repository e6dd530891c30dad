import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Multiples of 62 below 256: bytes at or above this are dropped, so that every character is equally likely. */
const UNBIASED_LIMIT = 248;

let pool = randomBytes(4_096);
let used = 0;

function nextByte(): number {
  if (used === pool.length) {
    pool = randomBytes(4_096);
    used = 0;
  }
  const byte = pool[used] ?? 0;
  used += 1;
  return byte;
}

/** `length` random characters of Stripe's id alphabet. */
export function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    const byte = nextByte();
    if (byte < UNBIASED_LIMIT) text += ALPHABET[byte % 62];
  }
  return text;
}

/** A new id such as `cus_R8s…`: Stripe's prefix, then random characters. */
export function newId(prefix: string, length = 24): string {
  return `${prefix}_${randomText(length)}`;
}
