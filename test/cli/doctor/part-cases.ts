import { randomUUID } from 'node:crypto';
import getPort from 'get-port';
import { sql } from 'kysely';
import { openDatabase } from '../../../db/database.ts';
import { registerUser } from '../../../db/users.ts';
import { periodClosedAt } from '../../../domain/billing-period.ts';
import { answering, type Case, type Clinic } from './clinic.ts';

/** Of the program, its database, the api and the host product. */
export function partCases(clinic: Clinic): readonly Case[] {
  return [
    {
      what: 'a Node that is too old',
      breaks: () => Promise.resolve({ parts: { nodeVersion: '18.20.8' } }),
      finds: ['node'],
      finding: /This is Node 18\.20\.8/,
      mend: /Install Node 20\.20 or newer/,
    },
    {
      what: 'a dead database, of which all else of it is a consequence',
      breaks: async () => {
        const db = openDatabase(`postgres://nobody:hunter2@127.0.0.1:${await getPort()}/none`);
        return { parts: { db }, undo: () => db.destroy() };
      },
      finds: ['database'],
      finding: /ECONNREFUSED/,
      mend: /DATABASE_URL/,
    },
    {
      what: 'a pending migration',
      breaks: async () => {
        const { rows } = await sql<{ name: string; timestamp: string }>`
          DELETE FROM kysely_migration WHERE name = (SELECT max(name) FROM kysely_migration)
          RETURNING name, timestamp`.execute(clinic.service.db);
        const [newest] = rows;
        return {
          undo: () =>
            sql`INSERT INTO kysely_migration VALUES (${newest?.name}, ${newest?.timestamp})`.execute(
              clinic.service.db,
            ),
        };
      },
      finds: ['migrations'],
      finding: /^It lacks \d{4}-[\w-]+\.$/,
      mend: /Start an api or a worker/,
    },
    {
      what: 'a schema of a newer version',
      breaks: async () => {
        await sql`INSERT INTO kysely_migration VALUES ('9999-tomorrow', '')`.execute(clinic.service.db);
        return {
          undo: () =>
            sql`DELETE FROM kysely_migration WHERE name = '9999-tomorrow'`.execute(clinic.service.db),
        };
      },
      finds: ['migrations'],
      finding: /9999-tomorrow/,
      mend: /Deploy the version that made it/,
    },
    {
      what: 'raw usage of last month that was dropped by hand',
      breaks: async () => {
        const user = { mode: 'test', userId: `dropped-${randomUUID()}` } as const;
        await registerUser(clinic.service.db, { ...user, email: 'eve@example.com', name: 'Eve' });
        await sql`INSERT INTO usage_totals (mode, user_id, product, period, used_quantity)
          VALUES ('test', ${user.userId}, 'cpu_hour', ${periodClosedAt(new Date())}, 1)`.execute(
          clinic.service.db,
        );
        return {
          undo: () =>
            clinic.service.db.deleteFrom('usage_totals').where('user_id', '=', user.userId).execute(),
        };
      },
      finds: ['usage_partitions'],
      finding: /no raw usage/,
      mend: /Restore the table usage_events_\d{4}_\d\d from a backup/,
    },
    {
      what: 'an api that does not run',
      breaks: async () => ({ parts: { apiUrl: `http://127.0.0.1:${await getPort()}` } }),
      finds: ['api'],
      finding: /does not answer \(ECONNREFUSED\)/,
      mend: /Start it .*--url/,
    },
    {
      what: 'an api that lives and does not reach what it needs',
      breaks: async () => {
        const { url, undo } = await answering((path) => (path === '/readyz' ? 503 : 200));
        return { parts: { apiUrl: url }, undo };
      },
      finds: ['api_ready'],
      finding: /does not reach all it needs: .*database/,
      mend: /DATABASE_URL and TEMPORAL_ADDRESS/,
    },
    {
      what: 'a host product that does not run',
      breaks: async () => ({ parts: clinic.withHook(`http://127.0.0.1:${await getPort()}/secret-path`) }),
      finds: ['host_hook test'],
      finding: /does not answer \(ECONNREFUSED\)/,
      mend: /HOST_TEST_WEBHOOK_URL/,
    },
    {
      what: 'a host product that fails',
      breaks: async () => {
        const { url, undo } = await answering(() => 502);
        return { parts: clinic.withHook(`${url}/secret-path`), undo };
      },
      finds: ['host_hook test'],
      state: 'warning',
      finding: /answers 502/,
      mend: /HOST_TEST_WEBHOOK_URL/,
    },
  ];
}
