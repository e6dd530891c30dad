import { setTimeout as sleep } from 'node:timers/promises';
import { RefusedError } from '../../stack/json-request.ts';
import type { Account, SentUsage } from '../judge/account.ts';
import { customerName, type Finding } from '../judge/finding.ts';
import { callApi, newCustomer, PERSON } from './customers.ts';
import { sendUsage } from './host-product.ts';
import { type Person, personOf } from './life-steps.ts';
import type { Biography } from './population.ts';
import type { RunningBilling } from './running-billing.ts';

/** How long somebody waits before they try again what did not work. */
const AGAIN_AFTER_MS = 500;

/** Who lives, on which service, and how they know what time of the run it is. */
export interface WorldOptions {
  readonly service: RunningBilling;
  readonly population: readonly Biography[];
  /** Resolves when the run has come so far, from 0 to 1. */
  readonly reaches: (at: number) => Promise<void>;
  /** Nobody tries any longer. */
  readonly gaveUp: AbortSignal;
}

type Ledger = { -readonly [Key in keyof Account]: Account[Key] } & { usage: SentUsage[] };

/**
 * Customers who live their lives, and a host product that sends their usage. Whatever does not work is tried again, as a person or
 * a program would; what the service refuses, or what never works, is a finding.
 */
export class World {
  /** What everybody has done so far. */
  readonly accounts: readonly Account[];
  readonly findings: Finding[] = [];
  /** How much has been done, of how much. */
  done = 0;
  readonly total: number;
  /** How many are at something now. */
  underWay = 0;
  /** How often something had to be tried again. */
  repetitions = 0;
  /** Resolves when all usage is sent, or given up on. */
  readonly usageIsSent: Promise<unknown>;
  readonly #options: WorldOptions;
  readonly #users: PromiseWithResolver[];
  readonly #ledgers: readonly Ledger[];

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#ledgers = options.population.map(({ mode, userId }) => ({
      mode,
      userId,
      usage: [],
      subscription: 'never',
      givenUp: null,
    }));
    this.accounts = this.#ledgers;
    this.#users = options.population.map(promiseWithResolver);
    this.usageIsSent = Promise.all(this.#users.map(({ promise }) => promise));
    this.total = options.population.reduce((sum, { deeds, usage }) => sum + deeds.length + usage.length, 0);
  }

  /** Everybody's life, to its end. */
  async live(): Promise<void> {
    const { population } = this.#options;
    await Promise.all(
      population.map(async (biography, index) => {
        const ledger = this.#ledgers[index];
        if (ledger !== undefined) await this.#live(biography, ledger, () => this.#users[index]?.resolve());
      }),
    );
  }

  async #live(biography: Biography, ledger: Ledger, hasUsed: () => void): Promise<void> {
    const { service, reaches } = this.#options;
    const { mode, userId, isKnownToStripe } = biography;
    try {
      await reaches(biography.beginsAt);
      const person = await this.#persist('registers', async () => {
        if (isKnownToStripe) return personOf(await newCustomer(service, mode, userId));
        await callApi(service, mode, 'PUT', `/api/users/${userId}`, { body: PERSON });
        return null;
      });
      await Promise.all([
        this.#act(biography, ledger, person),
        this.#use(biography, ledger).finally(hasUsed),
      ]);
    } catch (error) {
      this.findings.push({ about: customerName(biography), what: String(error) });
    } finally {
      hasUsed();
    }
  }

  async #act({ deeds }: Biography, ledger: Ledger, person: Person | null): Promise<void> {
    if (person === null) return;
    for (const { at, what, step, leaves, givesUp } of deeds) {
      await this.#options.reaches(at);
      await this.#persist(what, () => step(this.#options.service, person));
      ledger.subscription = leaves ?? ledger.subscription;
      ledger.givenUp = givesUp ?? ledger.givenUp;
      this.done += 1;
    }
  }

  async #use({ mode, usage }: Biography, ledger: Ledger): Promise<void> {
    for (const { at, events } of usage) {
      await this.#options.reaches(at);
      await this.#persist('uses', () => sendUsage(this.#options.service, mode, events));
      const known = new Set(ledger.usage.map(({ id }) => id));
      ledger.usage.push(...events.filter(({ id }) => !known.has(id)));
      this.done += 1;
    }
  }

  /** @throws Error when the service refuses it, or when it still does not work when everybody gives up. */
  async #persist<Answer>(what: string, attempt: () => Promise<Answer>): Promise<Answer> {
    this.underWay += 1;
    try {
      return await this.#repeat(what, attempt);
    } finally {
      this.underWay -= 1;
    }
  }

  async #repeat<Answer>(what: string, attempt: () => Promise<Answer>): Promise<Answer> {
    for (; ; await sleep(AGAIN_AFTER_MS)) {
      try {
        return await attempt();
      } catch (error) {
        this.repetitions += 1;
        if (error instanceof RefusedError && isFinal(error, this.#options.service)) throw error;
        if (this.#options.gaveUp.aborted)
          throw new Error(`${what} did not work: ${String(error)}`, { cause: error });
      }
    }
  }
}

/** What comes of the service's own judgement would come again. */
function isFinal({ message, status }: RefusedError, { apiUrl }: RunningBilling): boolean {
  return status < 500 && status !== 429 && (message.includes(apiUrl) || message.startsWith('Usage'));
}

interface PromiseWithResolver {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function promiseWithResolver(): PromiseWithResolver {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
