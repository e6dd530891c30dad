import type { Database } from '../../db/database.ts';
import { findUser, type User } from '../../db/users.ts';
import type { Mode } from '../../domain/mode.ts';
import { HttpError } from '../errors.ts';

/** @throws HttpError `user_not_found`, `user_erased` */
export async function findUserOrRefuse(db: Database, mode: Mode, userId: string): Promise<User> {
  const user = await findUser(db, mode, userId);
  if (user !== undefined && user.erased_at !== null) throw userErased(userId);
  if (user !== undefined) return user;
  const message = `No user "${userId}" is registered in ${mode} mode: PUT /api/users/${userId} first`;
  throw new HttpError('user_not_found', message, { param: 'userId' });
}

/** For good: what is kept of them is kept as law wants, and for nothing else. */
export function userErased(userId: string): HttpError {
  const message = `The data of the user "${userId}" was erased: register them under another id, if they come back`;
  return new HttpError('user_erased', message, { param: 'userId' });
}
