/** The simulator without HTTP: two modes, one clock, one journal, and the work that waits. */
import { Clock } from './clock.ts';
import { DueQueue } from './due-queue.ts';
import { recordEvent } from './events.ts';
import { newId } from './ids.ts';
import type { Journal, JournalEntry } from './journal.ts';
import { NO_JOURNAL, openJournal, readJournal } from './journal.ts';
import { Mischief } from './mischief.ts';
import type { Mode, ModeName } from './mode.ts';
import { newMode } from './mode.ts';
import type { SimulatorObserver } from './observer.ts';
import type { EventRequest, Operation, Settings } from './operation.ts';
import { forgetOld } from './retention.ts';
import type { StoreChange, Task } from './store.ts';
import { runTask } from './tasks.ts';
import { afterAttempt, attemptDelivery, pendingWebhooks } from './webhooks.ts';

interface Due {
  mode: Mode;
  kind: 'delivery' | 'task';
  id: string;
}

/** Longest delay that setTimeout takes. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
/** Objects per line of a compacted journal: a handful of lines per megabyte, none of them huge. */
const CHANGES_PER_LINE = 100;
/** How many webhooks may be under way at once. */
const MOST_DELIVERIES_AT_ONCE = 64;
const BY_ITSELF: EventRequest = { id: null, idempotency_key: null };

/** Both modes and their clock. Every change goes through `operate`; what is due later happens by one timer. */
export class Simulation {
  readonly clock: Clock;
  readonly live: Mode = newMode('live');
  readonly test: Mode = newMode('test');
  readonly settings: Settings;
  /** What is to go wrong with the next webhooks. */
  readonly mischief = new Mischief();
  readonly #observer: SimulatorObserver;
  readonly #journal: Journal;
  readonly #due = new DueQueue<Due>();
  readonly #underWay = new Set<Promise<void>>();
  /** Deliveries that wait for one of the places that are under way. */
  readonly #ready: Due[] = [];
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: Settings, dataFile?: string, observer: SimulatorObserver = {}) {
    this.settings = settings;
    this.#observer = observer;
    const entries = dataFile === undefined ? [] : readJournal(dataFile);
    this.clock = new Clock(
      entries.findLast(({ clockOffsetMs }) => clockOffsetMs !== undefined)?.clockOffsetMs,
    );
    for (const { mode, changes = [] } of entries) {
      for (const change of changes) this.mode(mode ?? 'test').store.restore(change);
    }
    this.#journal = dataFile === undefined ? NO_JOURNAL : openJournal(dataFile, this.#snapshot());
    for (const mode of [this.live, this.test]) this.#queueAllDue(mode);
    this.#wake();
  }

  mode(name: ModeName): Mode {
    return name === 'live' ? this.live : this.test;
  }

  /**
   * One unit of work: all of it is kept and written to the journal, or, if `work` throws, nothing is.
   * It is synchronous, so units never mix. What was due at an earlier moment happens with that moment as `nowMs`.
   */
  operate<T>(
    mode: Mode,
    request: EventRequest | null,
    work: (operation: Operation) => T,
    nowMs = this.clock.nowMs(),
  ): T {
    let result: T;
    try {
      result = work(this.#operation(mode, request ?? BY_ITSELF, nowMs));
    } catch (error) {
      mode.store.rollback();
      throw error;
    }
    if (mode.store.hasChanges) forgetOld(mode.store, Math.floor(nowMs / 1_000));
    this.#commit(mode);
    return result;
  }

  #operation(mode: Mode, request: EventRequest, nowMs: number): Operation {
    const { store, livemode } = mode;
    const schedule = (task: Omit<Task, 'id'>) => {
      for (const waiting of store.tasks.all('object', task.objectId)) {
        if (waiting.kind === task.kind) store.tasks.remove(waiting.id);
      }
      store.tasks.put({ id: newId('task'), ...task });
    };
    const byClock = (testClock: string | null, clockMs: number): Operation => {
      const when = testClock === null ? {} : { testClock };
      const operation: Operation = {
        livemode,
        store,
        otherMode: (livemode ? this.test : this.live).store,
        now: Math.floor(clockMs / 1_000),
        testClock,
        settings: this.settings,
        // Events are of the simulator's time, whatever clock their object goes by.
        emit: (type, object, previousAttributes) => {
          const occurrence = { type, object, previousAttributes, livemode, nowMs, request };
          const event = recordEvent(store, occurrence, this.mischief);
          this.#observer.event?.(event);
        },
        schedule: (kind, objectId, delayMs) =>
          schedule({ kind, objectId, dueAtMs: clockMs + delayMs, ...when }),
        scheduleAt: (kind, objectId, at) => schedule({ kind, objectId, dueAtMs: at * 1_000, ...when }),
        at: (customer) => {
          const clock = store.testClocks.get(store.customers.get(customer ?? '')?.test_clock ?? '');
          return clock === undefined ? operation : byClock(clock.id, clock.frozen_time * 1_000);
        },
        atClock: byClock,
      };
      return operation;
    };
    return byClock(null, nowMs);
  }

  /** Makes it `nowMs`, and does what is due then. */
  setClock(nowMs: number): void {
    this.clock.set(nowMs);
    this.#journal.append({ clockOffsetMs: this.clock.offsetMs });
    this.#runDue();
  }

  /** Ends all waiting; webhooks under way are cut off, and are sent again after a restart. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopped.abort();
    await Promise.allSettled(this.#underWay);
    this.#journal.close();
  }

  #commit(mode: Mode): void {
    const changes = mode.store.commit();
    if (changes.length === 0) return;
    this.#journal.append({ mode: mode.name, changes });
    for (const change of changes) this.#queueIfDue(mode, change);
    this.#wake();
  }

  #queueIfDue(mode: Mode, { collection, id, value }: StoreChange): void {
    if (value === undefined) return;
    if (collection === 'tasks') {
      const task = mode.store.tasks.get(id);
      // What goes by a test clock waits for that to be advanced.
      if (task !== undefined && task.testClock === undefined)
        this.#due.push(task.dueAtMs, { mode, kind: 'task', id });
    }
    if (collection === 'deliveries') {
      const delivery = mode.store.deliveries.get(id);
      if (delivery?.nextAttemptAtMs != null)
        this.#due.push(delivery.nextAttemptAtMs, { mode, kind: 'delivery', id });
    }
  }

  #queueAllDue(mode: Mode): void {
    for (const value of mode.store.tasks.values())
      this.#queueIfDue(mode, { collection: 'tasks', id: value.id, value });
    for (const value of mode.store.deliveries.values()) {
      this.#queueIfDue(mode, { collection: 'deliveries', id: value.id, value });
    }
  }

  /** Sets the one timer to what comes next. */
  #wake(): void {
    if (this.#stopped.signal.aborted) return;
    clearTimeout(this.#timer);
    const next = this.#due.nextDueAtMs;
    if (next === undefined) return;
    const delayMs = Math.min(Math.max(next - this.clock.nowMs(), 0), LONGEST_TIMEOUT_MS);
    this.#timer = setTimeout(() => this.#runDue(), delayMs);
  }

  #runDue(): void {
    for (
      let due = this.#due.popDue(this.clock.nowMs());
      due !== undefined;
      due = this.#due.popDue(this.clock.nowMs())
    ) {
      if (due.kind === 'task') this.#runTask(due);
      else this.#ready.push(due);
    }
    this.#deliverReady();
    this.#wake();
  }

  #runTask({ mode, id }: Due): void {
    const task = mode.store.tasks.get(id);
    if (task === undefined) return;
    try {
      this.operate(
        mode,
        null,
        (operation) => {
          operation.store.tasks.remove(id);
          runTask(operation, task);
        },
        task.dueAtMs,
      );
    } catch (error) {
      // A mistake of the simulator itself: said loudly, but one task must not end all the others.
      process.stderr.write(`task ${task.kind} of ${task.objectId} failed: ${String(error)}\n`);
    }
  }

  #deliverReady(): void {
    while (this.#underWay.size < MOST_DELIVERIES_AT_ONCE) {
      const due = this.#ready.shift();
      if (due === undefined) return;
      const delivering = this.#deliver(due).finally(() => {
        this.#underWay.delete(delivering);
        this.#deliverReady();
      });
      this.#underWay.add(delivering);
    }
  }

  async #deliver({ mode, id }: Due): Promise<void> {
    const { store } = mode;
    const delivery = store.deliveries.get(id);
    const event = store.events.get(delivery?.eventId ?? '');
    if (delivery === undefined || event === undefined || this.#stopped.signal.aborted) return;
    const endpoint = store.webhookEndpoints.get(delivery.endpointId);
    if (endpoint?.status !== 'enabled') {
      this.operate(mode, null, () =>
        store.deliveries.put({ ...delivery, status: 'failed', nextAttemptAtMs: null }),
      );
      return;
    }
    const { secret } = store.webhookSecrets.get(endpoint.id) ?? { secret: '' };
    const sent = { ...event, pending_webhooks: pendingWebhooks(store, event.id) };
    const attempt = await attemptDelivery(sent, endpoint, secret, this.clock.nowMs(), this.#stopped.signal);
    if (this.#stopped.signal.aborted && attempt.status === null) return;
    this.operate(mode, null, () => store.deliveries.put(afterAttempt(delivery, attempt, this.clock.nowMs())));
  }

  *#snapshot(): Generator<JournalEntry> {
    yield { clockOffsetMs: this.clock.offsetMs };
    for (const { name, store } of [this.live, this.test]) {
      let changes: StoreChange[] = [];
      for (const change of store.snapshot()) {
        changes.push(change);
        if (changes.length < CHANGES_PER_LINE) continue;
        yield { mode: name, changes };
        changes = [];
      }
      if (changes.length > 0) yield { mode: name, changes };
    }
  }
}
