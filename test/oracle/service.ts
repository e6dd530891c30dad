import { randomUUID } from 'node:crypto';
import { Client } from '@temporalio/client';
import { sql } from 'kysely';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createMonthlyCloseActivities } from '../../activities/monthly-close.ts';
import { startApi } from '../../api/server.ts';
import { connectLazily } from '../../api/temporal/connection.ts';
import { saveApiKey } from '../../db/api-keys.ts';
import { saveCreditPurchase, saveTakenBack } from '../../db/credit-purchases.ts';
import type { Database } from '../../db/database.ts';
import { freezeBill } from '../../db/freeze.ts';
import { ensurePriceList, setUnitPrice } from '../../db/price-list.ts';
import { registerUser } from '../../db/users.ts';
import { parseBillingPeriod, periodStart } from '../../domain/billing-period.ts';
import { runOnce, TEST_RULES } from '../support/activity-environment.ts';
import { createTestDatabase } from '../support/database.ts';
import { monthEndMs } from './calendar.ts';
import { readBill } from './frozen-bills.ts';
import { Gatekeeper } from './gates.ts';
import type { Seen } from './judge.ts';
import type { Bill, Operation, Outcome, SentEvent } from './oracle.ts';

const MODE = 'test';

/** A bill as a customer's account page shows it. */
export interface ShownBill {
  readonly period: string;
  readonly totalCents: number;
  readonly lines: readonly { readonly amountCents: number }[];
}

interface Parts {
  readonly db: Database;
  readonly gates: Gatekeeper;
  readonly url: string;
  readonly apiKey: string;
  readonly activities: ReturnType<typeof createMonthlyCloseActivities>;
  readonly setClock: (now: Date) => void;
  readonly stop: () => Promise<void>;
}

/** The api and the activities on a database of their own, with one history at a time. */
export class Service {
  readonly gates: Gatekeeper;
  readonly #db: Database;
  readonly #parts: Parts;
  #historyCount = 0;
  /** In front of all names of the history, which must be new in the database. */
  #prefix = '';

  private constructor(parts: Parts) {
    this.gates = parts.gates;
    this.#db = parts.db;
    this.#parts = parts;
  }

  static async start(): Promise<Service> {
    const database = await createTestDatabase();
    const { db } = database;
    const gates = await Gatekeeper.start(database.url);
    await ensurePriceList(db, MODE);
    const apiKey = `key-${randomUUID()}`;
    await saveApiKey(db, { mode: MODE, name: 'oracle', apiKey });

    let now = new Date();
    // Usage and freezing need no Temporal: nobody listens there.
    const { connection, close: closeConnection } = connectLazily({ address: '127.0.0.1:1' });
    const temporal = new Client({ connection });
    const log = pino({ level: 'silent' });
    const api = await startApi({
      db,
      temporal,
      log,
      webhookSecrets: { live: [], test: [] },
      admin: null,
      account: null,
      metrics: new Registry(),
      port: 0,
      host: '127.0.0.1',
      now: () => now,
    });
    const activities = createMonthlyCloseActivities({
      db,
      temporal,
      log,
      stripe: { live: null, test: null },
      hostHooks: { live: null, test: null },
      testProductId: null,
      rules: TEST_RULES,
    });
    return new Service({
      gates,
      db,
      url: `http://127.0.0.1:${api.port}`,
      apiKey,
      activities,
      setClock: (instant) => {
        now = instant;
      },
      stop: async () => {
        await api.close();
        await closeConnection();
        await gates.end();
        await database.drop();
      },
    });
  }

  /** Begins a history of these users, with the clock after the month's end. */
  async begin(users: readonly string[], lastMonth: string): Promise<void> {
    this.#historyCount += 1;
    // Later ones come later in any collation: a range of users (freezeBills) after this prefix is this history's.
    this.#prefix = `h${String(this.#historyCount).padStart(7, '0')}`;
    this.#parts.setClock(new Date(monthEndMs(lastMonth)));
    // Prices are everybody's: those of the history before are none of this one's.
    await sql`DELETE FROM price_changes WHERE mode = ${MODE}`.execute(this.#db);
    for (const user of users) {
      const email = `${user}@example.com`;
      await registerUser(this.#db, { mode: MODE, userId: this.#named(user), email, name: user });
    }
  }

  /** What the ids of the history's users begin with. */
  get userPrefix(): string {
    return this.#named('');
  }

  /** Does it as the outside world would, and says what was seen. */
  async perform(operation: Operation): Promise<Seen> {
    try {
      return await this.#attempt(operation);
    } catch (error) {
      return { failed: error instanceof Error ? error.message : String(error) };
    }
  }

  async #attempt(operation: Operation): Promise<Outcome> {
    switch (operation.type) {
      case 'send':
        return await this.#send(operation.events);
      case 'freeze': {
        const period = parseBillingPeriod(operation.month);
        const userId = this.#named(operation.userId);
        const billIds = await freezeBill(this.#db, { mode: MODE, userId, period });
        return { bills: await this.#bills(billIds) };
      }
      case 'close':
        return await this.#close(operation.month);
      case 'buyCredits': {
        const { expiresAt } = operation;
        await saveCreditPurchase(this.#db, {
          mode: MODE,
          userId: this.#named(operation.userId),
          checkoutSessionId: this.#named(operation.purchase),
          grantedCents: operation.cents,
          expiresAt: expiresAt === null ? null : new Date(expiresAt),
        });
        return 'done';
      }
      case 'takeBack': {
        const checkoutSessionId = this.#named(operation.purchase);
        const takenBackCents = operation.dueCents;
        await saveTakenBack(this.#db, { mode: MODE, checkoutSessionId, takenBackCents });
        return 'done';
      }
      case 'setPrice': {
        const { product, cents: unitPriceCents } = operation;
        const fromPeriod = parseBillingPeriod(operation.fromMonth);
        const change = { mode: MODE, product, fromPeriod, unitPriceCents } as const;
        await setUnitPrice(this.#db, change, periodStart(fromPeriod));
        return 'done';
      }
    }
  }

  async #send(events: readonly SentEvent[]): Promise<Outcome> {
    const answer = (await this.#request('/api/usage-events', {
      events: events.map((event) => ({
        ...event,
        id: this.#named(event.id),
        userId: this.#named(event.userId),
      })),
    })) as {
      readonly accepted: number;
      readonly duplicates: number;
      readonly rejected: readonly { readonly index: number; readonly code: string }[];
    };
    const { accepted, duplicates, rejected } = answer;
    return { accepted, duplicates, rejected: rejected.map(({ index, code }) => `${index} ${code}`) };
  }

  /** Freezes the month of everybody, and finds the bills that were made. */
  async #close(month: string): Promise<Outcome> {
    const before = new Set(await this.#billIds(month));
    const range = { afterUserId: this.#prefix, throughUserId: null };
    const input = { mode: MODE, period: parseBillingPeriod(month), ...range } as const;
    await runOnce(() => this.#parts.activities.freezeBills(input));
    const made = (await this.#billIds(month)).filter((billId) => !before.has(billId));
    return { bills: await this.#bills(made) };
  }

  /** Ids of the history's bills of a month, by user. */
  async #billIds(month: string): Promise<string[]> {
    const { rows } = await sql<{ bill_id: string }>`
      SELECT bill_id FROM bills
      WHERE user_id LIKE ${`${this.#prefix}-%`} AND period = ${month} ORDER BY user_id`.execute(this.#db);
    return rows.map((row) => row.bill_id);
  }

  async #bills(billIds: readonly string[]): Promise<Bill[]> {
    const bills: Bill[] = [];
    for (const billId of billIds) {
      const bill = await readBill(this.#db, billId);
      bills.push({ ...bill, userId: this.#bare(bill.userId) });
    }
    return bills;
  }

  /** All bills of a user, oldest month first, over HTTP. */
  async shownBills(user: string): Promise<readonly ShownBill[]> {
    const { bills } = (await this.#request(`/api/users/${this.#named(user)}/bills`)) as {
      readonly bills: readonly ShownBill[];
    };
    return bills.toReversed().map(({ period, totalCents, lines }) => ({ period, totalCents, lines }));
  }

  /** What the ledger of the user's credits sums up to, and what is due back and could not be taken. In cents. */
  async credits(user: string): Promise<{ readonly balanceCents: number; readonly shortfallCents: number }> {
    const { rows } = await sql<{ balance: number; shortfall: number }>`
      SELECT credit_shortfall_cents AS shortfall, (
        SELECT coalesce(sum(amount_cents), 0)::bigint FROM credit_entries
        WHERE credit_entries.mode = users.mode AND credit_entries.user_id = users.user_id
      ) AS balance
      FROM users WHERE mode = ${MODE} AND user_id = ${this.#named(user)}`.execute(this.#db);
    return { balanceCents: rows[0]?.balance ?? Number.NaN, shortfallCents: rows[0]?.shortfall ?? Number.NaN };
  }

  async stop(): Promise<void> {
    await this.#parts.stop();
  }

  async #request(path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.#parts.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${this.#parts.apiKey}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  #named(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  #bare(name: string): string {
    return name.slice(this.#prefix.length + 1);
  }
}
