import { hash, verify } from '@node-rs/argon2';

/** What OWASP asks of Argon2id at least: 19 MiB, two passes; some 30 ms. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Shorter ones are guessed; longer ones are no password. */
export const PASSWORD_LENGTH = { min: 12, max: 256 } as const;

/**
 * An Argon2id hash of a password (`$argon2id$…`), for `ADMIN_PASSWORD_HASH`.
 *
 * @param salt 16 bytes; random ones unless given.
 */
export async function hashPassword(password: string, salt?: Uint8Array): Promise<string> {
  return await hash(password, { ...COST, ...(salt === undefined ? {} : { salt }) });
}

/** Takes as long for a wrong password as for the right one. */
export async function fitsHash(passwordHash: string, password: string): Promise<boolean> {
  return await verify(passwordHash, password.slice(0, PASSWORD_LENGTH.max + 1));
}
