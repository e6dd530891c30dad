import { proxyActivities } from '@temporalio/workflow';
import type { ExampleActivities } from './activities.ts';

const { look, save } = proxyActivities<ExampleActivities>({ startToCloseTimeout: '1m' });

/** As it was when runs of it began that are still open. */
export async function exampleWorkflow(): Promise<void> {
  await look();
  await save();
}
