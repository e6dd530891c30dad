import { Client } from 'pg';
import { Service } from '../cli/demo/service.ts';
import type { BenchParts } from './stack.ts';

/** Registers users as the host product does, and lets the planner know of them, as it does by itself within a minute. */
export async function registerUsers({ stack }: BenchParts, count: number): Promise<string[]> {
  const service = new Service(stack);
  const userIds = Array.from({ length: count }, (_, index) => `user-${index}`);
  for (const userId of userIds)
    await service.registerUser(userId, { email: `${userId}@example.com`, name: 'Somebody' });
  const connection = new Client({ connectionString: stack.databaseUrl });
  await connection.connect();
  await connection.query('ANALYZE users');
  await connection.end();
  return userIds;
}
