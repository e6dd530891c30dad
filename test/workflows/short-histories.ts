import { onTestFinished } from 'vitest';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/search-attributes.ts';
import { onFreePort } from '../../stack/ports.ts';
import { startReaper } from '../../stack/reaper.ts';
import { findTemporalBinary } from '../../stack/temporal-binary.ts';
import { startTemporalServer } from '../../stack/temporal-server.ts';

/**
 * A Temporal server for one test that asks for continue-as-new after a few steps instead of after thousands.
 *
 * @param suggestAfter events in a history after which it asks.
 * @returns its `host:port`.
 */
export async function startServerOfShortHistories(suggestAfter: number): Promise<string> {
  const reaper = startReaper();
  onTestFinished(() => reaper.close());
  const env = inheritedEnvironment();
  const binary = await findTemporalBinary({ cacheDir: cacheDirectory(), env, log: console.error, reaper });
  const server = await onFreePort((port) =>
    startTemporalServer({
      binary,
      port,
      namespace: 'default',
      searchAttributes: SEARCH_ATTRIBUTES,
      dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': suggestAfter },
      env,
      log: () => undefined,
      reaper,
    }),
  );
  return server.address;
}
