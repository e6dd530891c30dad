import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Events to be sent, some at a time, and where to. */
export interface Load {
  readonly to:
    | { readonly kind: 'api'; readonly url: string; readonly secret: string }
    /** Straight to Temporal. */
    | { readonly kind: 'bare'; readonly address: string; readonly namespace: string };
  /** Names the events, `evt_…`. */
  readonly name: string;
  readonly events: number;
  readonly atATime: number;
  /** Who the events are about, in turn. */
  readonly customerIds: readonly string[];
  /** A subscription as Stripe has it. */
  readonly subscription: Readonly<Record<string, unknown>>;
}

/** What came of a load, by the clock of the process that sent it. */
export interface LoadFigures {
  /** From the first one sent to the last one answered. */
  readonly ms: number;
  /** From first sent to acknowledged. */
  readonly latenciesMs: readonly number[];
  /** After a 503: Temporal had not stored it in time. */
  readonly sentAgain: number;
  /** Processor time of the sending process meanwhile. */
  readonly cpuMs: number;
}

type Message = { readonly ready: true } | { readonly figures: LoadFigures } | { readonly error: string };

/** `bench/webhook-load.ts`, running. */
export class LoadProcess implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<LoadProcess> {
    const program = fileURLToPath(new URL('webhook-load.ts', import.meta.url));
    const started = new LoadProcess(fork(program, { execArgv: ['--import', 'tsx'] }));
    await started.#answer();
    return started;
  }

  async carryOut(load: Load): Promise<LoadFigures> {
    const answer = this.#answer();
    this.#child.send(load);
    const message = await answer;
    if ('figures' in message) return message.figures;
    throw new Error('error' in message ? message.error : 'A load was answered without figures');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await exited;
  }

  #answer(): Promise<Message> {
    return new Promise((resolve, reject) => {
      const fail = (code: number | null) => reject(new Error(`the process that sends has ended (${code})`));
      this.#child.once('exit', fail);
      this.#child.once('message', (message) => {
        this.#child.off('exit', fail);
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what webhook-load.ts sends
        resolve(message as Message);
      });
    });
  }
}
