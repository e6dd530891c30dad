import { setTimeout as sleep } from 'node:timers/promises';
import { PARTS, type PartName, type Stack } from '../stack/stack.ts';
import type { StackPart } from '../stack/supervised-part.ts';

/** A part that does not come up so often in a row never will. */
const MOST_FAILED_STARTS = 100;
/** How long the supervisor waits before it starts a part again that did not come up. */
const AGAIN_AFTER_MS = 300;
/** How far a part has come with its start when it is struck the second time. */
const SECOND_BLOW_AFTER_MS = 150;

/** Starts parts again that have died, as systemd or Docker would, and kills them. */
export class Supervisor {
  /** Kills by part, those of parts that were starting included. */
  readonly kills: Record<PartName, number> = countsOfParts();
  /** How often each has ended by itself. */
  readonly ownEnds: Record<PartName, number> = countsOfParts();
  /** How often each did not come up, which it must when all others run. */
  readonly failedStarts: Record<PartName, number> = countsOfParts();
  #stack: Stack | undefined;
  readonly #comingUp = new Map<PartName, Promise<void>>();
  readonly #telling = new Set<Promise<void>>();
  #hopeless: Error | undefined;
  readonly #onUp: (part: PartName) => Promise<void>;
  #isOver = false;

  /** @param onUp called when a part runs again. */
  constructor(onUp: (part: PartName) => Promise<void>) {
    this.#onUp = onUp;
  }

  watch(stack: Stack): void {
    this.#stack = stack;
  }

  /** Of a part that has ended by itself. */
  hasEnded(part: PartName): void {
    if (this.#isOver) return;
    this.ownEnds[part] += 1;
    this.#bringUp(part, 0);
  }

  /** Kills it, also while it starts. It comes up again after `downMs`. */
  async kill(name: PartName, downMs: number, strikesTwice: boolean): Promise<void> {
    await this.#strike(name);
    this.#bringUp(name, downMs);
    if (!strikesTwice) return;
    await sleep(downMs + SECOND_BLOW_AFTER_MS);
    await this.#strike(name);
    // It may have been up by then.
    this.#bringUp(name, 0);
  }

  async #strike(name: PartName): Promise<void> {
    if (await this.#part(name).kill()) this.kills[name] += 1;
  }

  /**
   * Waits until all parts run.
   *
   * @throws Error when one does not come up at all.
   */
  async allUp(): Promise<void> {
    while (this.#comingUp.size + this.#telling.size > 0)
      await Promise.all([...this.#comingUp.values(), ...this.#telling]);
    if (this.#hopeless !== undefined) throw this.#hopeless;
  }

  /** Nothing is started any more. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.allUp();
  }

  get killCount(): number {
    return Object.values(this.kills).reduce((sum, count) => sum + count, 0);
  }

  #bringUp(name: PartName, downMs: number): void {
    if (this.#comingUp.has(name)) return;
    const up = this.#restart(name, downMs).finally(() => this.#comingUp.delete(name));
    this.#comingUp.set(name, up);
    // It may die again while somebody is told.
    const told = up.then(() => this.#onUp(name)).finally(() => this.#telling.delete(told));
    this.#telling.add(told);
  }

  async #restart(name: PartName, downMs: number): Promise<void> {
    await sleep(downMs);
    for (let failed = 0; !this.#isOver; ) {
      try {
        await this.#part(name).restart();
        return;
      } catch (error) {
        failed += 1;
        this.failedStarts[name] += 1;
        if (failed === MOST_FAILED_STARTS) {
          this.#hopeless = new Error(`${name} does not come up any more`, { cause: error });
          return;
        }
        await sleep(AGAIN_AFTER_MS);
      }
    }
  }

  #part(name: PartName): StackPart {
    const part = this.#stack?.parts.get(name);
    if (part === undefined) throw new Error(`there is no ${name}`);
    return part;
  }
}

function countsOfParts(): Record<PartName, number> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every part has its count
  return Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<PartName, number>;
}
