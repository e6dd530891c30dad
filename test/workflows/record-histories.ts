/**
 * Records the histories that replay.test.ts replays, from real workflows on real parts:
 *
 *     node --import tsx test/workflows/record-histories.ts [name …] && npx biome check --write test/workflows/histories
 *
 * Record a new one for a new path through a workflow. One that is committed stands for workflows that run in production now:
 * record it again only when none of those can be left, never to make replay.test.ts pass.
 */
import { chmod, mkdtemp, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import { openDatabase } from '../../db/database.ts';
import { migrateToLatest } from '../../db/migrate.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { onFreePort } from '../../stack/ports.ts';
import { startPostgres } from '../../stack/postgres.ts';
import { startReaper } from '../../stack/reaper.ts';
import { findTemporalBinary } from '../../stack/temporal-binary.ts';
import { startTemporalServer } from '../../stack/temporal-server.ts';
import { bundleWorkflows } from '../../worker/workflow-bundle.ts';
import { startBilling } from '../support/billing-worker.ts';
import { startTestHost } from '../support/host.ts';
import { historyFile, jsonOf } from './histories.ts';
import { APPROVED_STORIES, STORIES } from './recorded-stories.ts';

/** Asked for early, so that the history before and after it is short enough to read. */
const SUGGEST_CONTINUE_AS_NEW_AFTER = 130;

async function record(names: readonly string[]): Promise<void> {
  await using reaper = startReaper();
  const folder = await mkdtemp(path.join(tmpdir(), 'durable-billing-record-'));
  reaper.directory(folder);
  await chmod(folder, 0o755);
  const env = inheritedEnvironment();
  const log = () => undefined;
  const postgres = await onFreePort((port) =>
    startPostgres({ dataDir: folder, port, durability: 'off', log, reaper }),
  );
  const binary = await findTemporalBinary({ cacheDir: cacheDirectory(), env, log: console.error, reaper });
  const dynamicConfig = { 'limit.historyCount.suggestContinueAsNew': SUGGEST_CONTINUE_AS_NEW_AFTER };
  const temporal = await onFreePort((port) =>
    startTemporalServer({
      binary,
      port,
      namespace: 'default',
      searchAttributes: SEARCH_ATTRIBUTES,
      dynamicConfig,
      env,
      log,
      reaper,
    }),
  );
  const db = openDatabase(postgres.adminUrl);
  await migrateToLatest(db);
  await using host = await startTestHost();
  const billing = await startBilling({
    db,
    temporalAddress: temporal.address,
    workflowBundle: await bundleWorkflows(),
    places: { live: 0 },
    // Live customers' stories tell the host product, the others show that it need not be there.
    hostHooks: { live: host, test: null },
  });
  try {
    for (const name of names) {
      const story = STORIES[name];
      if (story === undefined)
        throw new Error(`no story "${name}"; there are: ${Object.keys(STORIES).join(', ')}`);
      const worker = await billing.startWorker({
        approval: APPROVED_STORIES.has(name) ? 'required' : 'auto',
      });
      const handle = await story(billing);
      await write(name, jsonOf(await handle.fetchHistory()));
      await worker.stop();
      console.log(name);
    }
  } finally {
    await billing.stop();
    await db.destroy();
  }
}

/** Workers sign with the name of the machine, and stack traces name folders: nobody's business. */
async function write(name: string, history: string): Promise<void> {
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const text = history.replaceAll(`${process.pid}@${hostname()}`, 'recorder').replaceAll(root, './');
  await writeFile(historyFile(name), `${text}\n`);
}

const asked = process.argv.slice(2);
await record(asked.length > 0 ? asked : Object.keys(STORIES));
