// A program of its own: `sdk-download.ts dev-server|time-skipping FOLDER`. It lets the Temporal SDK download a server
// to FOLDER and start it once. Apart from us because the SDK's download can't be interrupted, and because it would
// install the SDK's one runtime of this process before the worker can configure it.
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { messageOf } from './errors.ts';

const [kind, downloadDir] = process.argv.slice(2);
if (!downloadDir) throw new Error('A folder is needed.');
const server = { executable: { type: 'cached-download', downloadDir } } as const;
try {
  const environment = await (kind === 'dev-server'
    ? TestWorkflowEnvironment.createLocal({ server })
    : TestWorkflowEnvironment.createTimeSkipping({ server }));
  await environment.teardown();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}
