import { hkdfSync } from 'node:crypto';
import type { EnvironmentVariables } from '../config/environment.ts';
import type { StackFile } from '../config/stack-file.ts';

/**
 * What the api is to know of the admin. Everything is made of the password in `stack.json`, which is random: so sessions live on over a
 * restart, and another password ends them.
 */
export async function adminEnvironment({
  adminPassword,
}: Pick<StackFile, 'adminPassword'>): Promise<EnvironmentVariables> {
  if (adminPassword === null) return {};
  const derive = (purpose: string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', adminPassword, '', purpose, bytes));
  // A native library, of which only the commands that start a stack know.
  const { hashPassword } = await import('../api/admin/password.ts');
  return {
    ADMIN_PASSWORD_HASH: await hashPassword(adminPassword, derive('salt of the hash', 16)),
    ADMIN_SESSION_SECRETS: derive('secret of the sessions', 32).toString('base64url'),
  };
}
