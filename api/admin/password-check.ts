import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request, Response } from 'express';
import { HttpError } from '../errors.ts';
import { limitGuesses } from '../rate-limit.ts';
import { fitsHash } from './password.ts';

export interface PasswordCheck {
  /**
   * Passes when this is the admin's password.
   *
   * @throws HttpError `invalid_admin_password`; `rate_limited` after too many guesses, which are then not looked at.
   */
  check(request: Request, response: Response, password: string): Promise<void>;
}

/** Compares with `passwordHash`, as slowly as that is meant to be; the password that was right once is known at once. */
export function checkPassword(passwordHash: string): PasswordCheck {
  const guesses = limitGuesses();
  // Of this process only, so that what is remembered is of no use elsewhere.
  const key = randomBytes(32);
  const digestOf = (password: string) => createHmac('sha256', key).update(password).digest();
  let right: Buffer | undefined;

  return {
    async check(request, response, password) {
      // No guess: behind one address it goes on working when others guess.
      if (right !== undefined && timingSafeEqual(right, digestOf(password))) return;
      await guesses.count(request, response);
      if (!(await fitsHash(passwordHash, password)))
        throw new HttpError('invalid_admin_password', "This is not the admin's password");
      await guesses.forgive(request);
      right = digestOf(password);
    },
  };
}
