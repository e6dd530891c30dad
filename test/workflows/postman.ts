import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dice } from '../../chaos/world/dice.ts';
import { MODES, type Mode } from '../../domain/mode.ts';
import { customerOf, isHandledEventType, type StripeEvent } from '../../domain/stripe-event.ts';
import type { BillingService } from '../support/billing-worker.ts';
import { listen } from '../support/host.ts';

/** Deliveries under way at once. */
const CARRIERS = 16;
const MOST_COPIES = 4;
/** Each copy of a delivery waits for itself, most of them much shorter than this, so that they leave in any order. */
const LONGEST_WAIT_MS = 4_000;
const PAUSE_MS = 20;

/** A webhook as Stripe sent it: the signed body, and the signature. */
interface Letter {
  readonly mode: Mode;
  readonly body: string;
  readonly signature: string;
  /** Stripe customer; `null` where only the charge names them, or where it is nothing to their workflow. */
  readonly customerId: string | null;
  /** In which order Stripe sent them. */
  readonly number: number;
  copiesDelivered: number;
}

/**
 * Stands between Stripe and the service. It takes what Stripe delivers, and delivers that in another order, each webhook one
 * to four times and sixteen at a time, with Stripe's own signatures.
 */
export class Postman {
  readonly #letters: Letter[] = [];
  readonly #bag: { readonly letter: Letter; readonly leavesAtMs: number }[] = [];
  readonly #lastNumberOf = new Map<string, number>();
  readonly #dice: Dice;
  readonly #service: BillingService;
  #underWay = 0;
  #isOver = false;
  #carriers: Promise<unknown> = Promise.resolve();
  #stopListening: () => PromiseLike<void> = () => Promise.resolve();
  /** Customers of whom the service heard a later event before an earlier one. */
  readonly outOfOrder = new Set<string>();
  /** Answers of the service that Stripe would not have sent the webhook again for. */
  readonly refusals: string[] = [];

  constructor(service: BillingService, seed: number) {
    this.#service = service;
    this.#dice = new Dice(seed);
  }

  /** From now on Stripe's webhooks of both modes go through the postman. */
  async start(): Promise<void> {
    const { stripe } = this.#service;
    const server = await listen((request, response) => void this.#take(request, response));
    this.#stopListening = () => server[Symbol.asyncDispose]();
    for (const mode of MODES) {
      const { data } = await stripe[mode].webhookEndpoints.list();
      // The endpoint keeps its secret: what it is sent is signed as before.
      for (const { id } of data) {
        await stripe[mode].webhookEndpoints.update(id, { url: `${server.origin}/${mode}` });
      }
    }
    this.#carriers = Promise.all(Array.from({ length: CARRIERS }, () => this.#carry()));
  }

  /** Whether everything that Stripe has sent so far is delivered. */
  get isDone(): boolean {
    return this.#bag.length === 0 && this.#underWay === 0;
  }

  /** Puts everything that Stripe has ever sent into the bag once more. */
  deliverAllAgain(): void {
    for (const letter of this.#letters) this.#put(letter);
  }

  /** How many deliveries of events that name this customer were not an event's first. */
  repetitionsFor(customerId: string): number {
    return this.#letters
      .filter((letter) => letter.customerId === customerId)
      .reduce((sum, letter) => sum + letter.copiesDelivered - 1, 0);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#carriers;
    await this.#stopListening();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const event = JSON.parse(body) as StripeEvent;
    const letter: Letter = {
      mode: request.url === '/live' ? 'live' : 'test',
      body,
      signature: String(request.headers['stripe-signature']),
      customerId: isHandledEventType(event.type) ? customerOf(event) : null,
      number: this.#letters.length,
      copiesDelivered: 0,
    };
    this.#letters.push(letter);
    for (let copies = 1 + Math.floor(this.#dice.next() * MOST_COPIES); copies > 0; copies -= 1)
      this.#put(letter);
    response.writeHead(200).end();
  }

  #put(letter: Letter): void {
    this.#bag.push({ letter, leavesAtMs: Date.now() + this.#dice.next() ** 2 * LONGEST_WAIT_MS });
  }

  /** Delivers any one of those that are to leave, and again. */
  async #carry(): Promise<void> {
    while (!this.#isOver) {
      const due = this.#bag.filter(({ leavesAtMs }) => leavesAtMs <= Date.now());
      const picked = due[Math.floor(this.#dice.next() * due.length)];
      if (picked === undefined) {
        await sleep(PAUSE_MS);
        continue;
      }
      this.#bag.splice(this.#bag.indexOf(picked), 1);
      this.#underWay += 1;
      await this.#deliver(picked.letter).finally(() => {
        this.#underWay -= 1;
      });
    }
  }

  async #deliver(letter: Letter): Promise<void> {
    const { mode, body, signature, customerId, number } = letter;
    const path = mode === 'live' ? '/api/webhooks/stripe' : '/api/webhooks/stripe-test';
    const response = await fetch(`${this.#service.apiUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
      body,
    });
    await response.arrayBuffer();
    // As Stripe does; a machine with too much to do answers so.
    if (response.status === 503) return this.#put(letter);
    if (!response.ok) this.refusals.push(`${response.status} to ${body.slice(0, 500)}`);
    letter.copiesDelivered += 1;
    if (letter.copiesDelivered > 1 || customerId === null) return;
    const lastNumber = this.#lastNumberOf.get(customerId) ?? -1;
    if (number < lastNumber) this.outOfOrder.add(customerId);
    this.#lastNumberOf.set(customerId, Math.max(number, lastNumber));
  }
}
