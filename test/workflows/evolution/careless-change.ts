import { proxyActivities } from '@temporalio/workflow';
import type { ExampleActivities } from './activities.ts';

const { look, tellHost, save } = proxyActivities<ExampleActivities>({ startToCloseTimeout: '1m' });

/** A new step where open runs have none: replaying them fails as nondeterministic. */
export async function exampleWorkflow(): Promise<void> {
  await look();
  await tellHost();
  await save();
}
