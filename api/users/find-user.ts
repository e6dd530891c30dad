import type { Database } from '../../db/database.ts';
import { findUser, type User } from '../../db/users.ts';
import type { Mode } from '../../domain/mode.ts';
import { HttpError } from '../errors.ts';

/** @throws HttpError `user_not_found` */
export async function findUserOrRefuse(db: Database, mode: Mode, userId: string): Promise<User> {
  const user = await findUser(db, mode, userId);
  if (user !== undefined) return user;
  const message = `No user "${userId}" is registered in ${mode} mode: PUT /api/users/${userId} first`;
  throw new HttpError('user_not_found', message, { param: 'userId' });
}
