import { inheritedEnvironment } from '../../config/machine.ts';
import { readStackFile, type StackFile } from '../../config/stack-file.ts';
import { freePort } from '../../process/free-port.ts';
import { withoutOurs } from '../../stack/environment.ts';
import { makeFolder, pressCtrlC, runCommand } from '../cli/command.ts';
import { Terminal } from './terminal.ts';

/** The stack that `npm start` runs, on ports and in a folder of its own, with a terminal beside it. */
export interface RunningStack {
  readonly file: StackFile;
  readonly terminal: Terminal;
  /** What is documented for a stack on its usual port, with its data in their usual place, in November 2026, for this one, today. */
  here(documented: string): string;
  stop(): Promise<void>;
}

const PORTS = ['PORT', 'POSTGRES_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'STRIPE_SIMULATOR_PORT'];

/** Runs `npm start` until it says that all is up. @throws Error when it does not come up. */
export async function startRunningStack(): Promise<RunningStack> {
  const { folder, remove } = await makeFolder();
  const variables: Record<string, string> = { DATA_DIR: folder };
  for (const name of PORTS) variables[name] = String(await freePort());
  const running = runCommand('start', [], variables);
  const stop = async () => {
    pressCtrlC(running);
    await running.ended;
    await remove();
  };
  try {
    await running.printed('Ctrl-C stops all of it');
    const file = await readStackFile(folder);
    if (file === undefined) throw new Error('npm start wrote no stack.json');
    const environment = { ...withoutOurs(inheritedEnvironment()), NO_COLOR: '1', ...variables };
    const { host } = new URL(file.apiUrl);
    const here = (documented: string) =>
      documented
        .replaceAll(/(localhost|127\.0\.0\.1):3000/g, host)
        .replaceAll('.data/', `${folder}/`)
        .replaceAll('2026-10', lastMonth());
    return { file, terminal: new Terminal(environment, folder), here, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function lastMonth(): string {
  const day = new Date();
  day.setUTCDate(0);
  return day.toISOString().slice(0, 7);
}
