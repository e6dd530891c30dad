import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { HttpError } from '../errors.ts';
import { limitGuesses } from '../rate-limit.ts';
import { fitsHash } from './password.ts';

/** Slow by intent, and limited: the pages and the routes share one, so that guesses at either count for both. */
export interface PasswordCheck {
  /**
   * Passes when this is the admin's password.
   *
   * @returns which of the hashes it fits.
   * @throws HttpError `invalid_admin_password`; `rate_limited` after too many guesses, which are then not looked at.
   */
  check(request: Request, response: Response, password: string): Promise<string>;
}

/** Compares with these hashes, as slowly as that is meant to be; a password that was right once is known at once. */
export function checkPassword(passwordHashes: readonly string[]): PasswordCheck {
  const guesses = limitGuesses();
  // Of this process only, so that what is remembered is of no use elsewhere.
  const key = randomBytes(32);
  const digestOf = (password: string) => createHmac('sha256', key).update(password).digest();
  const right: { readonly digest: Buffer; readonly passwordHash: string }[] = [];

  return {
    async check(request, response, password) {
      const digest = digestOf(password);
      // No guess: behind one address it goes on working when others guess.
      const known = right.find((each) => timingSafeEqual(each.digest, digest));
      if (known !== undefined) return known.passwordHash;
      await guesses.count(request, response);
      const fits = await Promise.all(passwordHashes.map((hash) => fitsHash(hash, password)));
      const passwordHash = passwordHashes.find((_, index) => fits[index] === true);
      if (passwordHash === undefined)
        throw new HttpError('invalid_admin_password', "This is not the admin's password");
      await guesses.forgive(request);
      right.push({ digest, passwordHash });
      return passwordHash;
    },
  };
}
