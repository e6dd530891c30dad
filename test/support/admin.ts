import { hashPassword } from '../../api/admin/password.ts';
import type { ApiDependencies } from '../../api/dependencies.ts';

/** The admin's password in tests. */
export const ADMIN_PASSWORD = 'correct horse battery staple';

/** The header with which the admin asks `/api/admin`. */
export const ADMIN_AUTHORIZATION = `Bearer ${ADMIN_PASSWORD}`;

/** An admin's part that is set up, with {@link ADMIN_PASSWORD}. */
export async function testAdmin(): Promise<NonNullable<ApiDependencies['admin']>> {
  return {
    passwordHashes: [await hashPassword(ADMIN_PASSWORD)],
    sessionSecrets: ['a secret of tests, and long enough'],
  };
}
