import { patched, proxyActivities } from '@temporalio/workflow';
import type { ExampleActivities } from './activities.ts';

const { look, tellHost, save } = proxyActivities<ExampleActivities>({ startToCloseTimeout: '1m' });

/** The same step behind a patch: open runs go on without it, new ones have it. */
export async function exampleWorkflow(): Promise<void> {
  await look();
  if (patched('tell-host-before-saving')) await tellHost();
  await save();
}
