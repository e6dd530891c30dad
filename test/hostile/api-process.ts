import { inheritedEnvironment } from '../../config/machine.ts';
import { type ChildService, startChildService } from '../../stack/child-service.ts';
import { withoutOurs } from '../../stack/environment.ts';
import type { Exit } from '../../stack/program.ts';

/** The api as it is run in production, in a process of its own whose every line is kept. */
export interface ApiProcess {
  readonly url: string;
  /** All that it has printed, line by line. */
  readonly lines: readonly string[];
  /** How it has ended, if it has. */
  readonly ended: () => Exit | null;
  /** What it holds in JavaScript's memory after a collection of garbage. */
  heapBytes(): Promise<number>;
  stop(): Promise<void>;
}

/** @param variables its environment, beside what any program needs. */
export async function startApiProcess(
  variables: Readonly<Record<string, string>>,
  port: number,
): Promise<ApiProcess> {
  const lines: string[] = [];
  let onCollected: () => void = () => undefined;
  let exit: Exit | null = null;
  const collector = new URL('./fixtures/collect-garbage.mjs', import.meta.url).href;
  const service: ChildService = await startChildService({
    name: 'api',
    entry: 'api/main.ts',
    env: {
      ...withoutOurs(inheritedEnvironment()),
      ...variables,
      HOST: '127.0.0.1',
      PORT: String(port),
      NODE_OPTIONS: `--import ${collector}`,
    },
    log: (line) => {
      const printed = line.replace(/^\[api\] /, '');
      if (printed === 'garbage collected') onCollected();
      else lines.push(printed);
    },
  });
  const noteExit = (how: Exit): void => {
    exit = how;
  };
  void service.exited.then(noteExit);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    lines,
    ended: () => exit,
    heapBytes: async () => {
      // Twice: what the first one finalizes, the second one frees.
      for (const _ of [1, 2]) {
        const collected = new Promise<void>((resolve) => {
          onCollected = resolve;
        });
        process.kill(service.pid, 'SIGUSR2');
        await collected;
      }
      const metrics = await (await fetch(`${url}/metrics`)).text();
      return Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(metrics)?.[1]);
    },
    stop: async () => {
      await service.stop();
    },
  };
}
