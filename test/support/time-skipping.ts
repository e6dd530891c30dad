import { TestWorkflowEnvironment } from '@temporalio/testing';
import { cacheDirectory, inheritedEnvironment } from '../../config/machine.ts';
import { SEARCH_ATTRIBUTES } from '../../domain/workflow-contracts.ts';
import { prepareTimeSkippingServer } from '../../stack/temporal-test-server.ts';
import { SEARCH_ATTRIBUTE_TYPE_NUMBERS } from '../../worker/search-attributes.ts';
import { quietRuntime } from './billing-worker.ts';

/** A Temporal server whose time stands still until it is slept through, with our search attributes. */
export async function startTimeSkippingTemporal(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const path = await prepareTimeSkippingServer({
    cacheDir: cacheDirectory(),
    env: inheritedEnvironment(),
    log: console.error,
  });
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  // A workflow that sets one that is not registered fails its task for ever. (This server can't list them.)
  await environment.connection.operatorService.addSearchAttributes({
    namespace: environment.client.options.namespace,
    searchAttributes: Object.fromEntries(
      Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => [name, SEARCH_ATTRIBUTE_TYPE_NUMBERS[type]]),
    ),
  });
  return environment;
}
