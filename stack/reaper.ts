import { spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

/** A program to be ended when we are gone. */
export interface ReapedProgram {
  readonly pid: number;
  /** What makes it stop best: SIGINT for PostgreSQL (a fast shutdown), SIGTERM for most others. */
  readonly signal: NodeJS.Signals;
  /** Signal its whole process group, for programs that start others. It must lead that group. */
  readonly wholeGroup?: boolean | undefined;
  /** How long it may take before it is killed. */
  readonly graceMs: number;
}

/** What was registered with the reaper and can be taken back. */
export interface Registration {
  /** The program ended, or the folder was deleted, in good order. */
  release(): void;
}

/**
 * Sees to it that nothing is left behind, whatever happens to this process: a guard process beside it notices that
 * it is gone, even by SIGKILL, then stops the programs and deletes the folders that are still registered.
 */
export interface Reaper extends AsyncDisposable {
  program(program: ReapedProgram): Registration;
  /** A folder to delete with all it holds, after the programs have ended. */
  directory(path: string): Registration;
  /** Ends the programs that are registered, and at once whatever program is registered after this. */
  endPrograms(): void;
  /** Ends the guard, after it has ended and deleted whatever was not released. */
  close(): Promise<void>;
}

/**
 * Starts the guard. Registering is synchronous: what was registered before the process dies is reaped, also when the
 * guard has not finished starting by then.
 */
export function startReaper(): Reaper {
  // Detached: a Ctrl-C goes to the terminal's process group, and the guard must outlive it.
  const guard = spawn(process.execPath, [fileURLToPath(new URL('./reaper-guard.mjs', import.meta.url))], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
  // A guard that somebody killed must not take us with it.
  guard.stdin.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => {
    guard.once('exit', () => resolve());
    guard.once('error', () => resolve());
  });

  function tell(message: object): void {
    if (guard.stdin.writable) guard.stdin.write(`${JSON.stringify(message)}\n`);
  }

  let lastId = 0;
  function register(entry: object): Registration {
    const id = ++lastId;
    tell({ ...entry, id });
    return { release: () => tell({ kind: 'release', id }) };
  }

  async function close(): Promise<void> {
    guard.stdin.end();
    guard.ref();
    await ended;
  }

  return {
    program: (program) => register({ kind: 'program', wholeGroup: false, ...program }),
    directory: (path) => register({ kind: 'directory', path }),
    endPrograms: () => tell({ kind: 'end-programs' }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
