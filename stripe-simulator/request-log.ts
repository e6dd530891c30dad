/** What came in: the last API requests, for `GET /_sim/requests`. */
import type { RawParameters } from './form.ts';
import type { ModeName } from './mode.ts';

/** One API request, answered or not. It holds no API key, and of a card no number. */
export interface LoggedRequest {
  /** Counts up from 1 with every request: the cursor for `?after=`. */
  sequence: number;
  /** ISO time of the simulator's clock. */
  at: string;
  method: string;
  path: string;
  parameters: RawParameters;
  idempotencyKey: string | null;
  /** Null when the connection was broken without an answer. */
  status: number | null;
  requestId: string;
  mode: ModeName | null;
  /** The answer was a stored one. */
  replayed: boolean;
  /** The fault that struck it. */
  fault: string | null;
  durationMs: number;
}

/** How many requests are kept. */
const KEPT = 10_000;

/** The newest requests of both modes, in memory: a restart forgets them. */
export class RequestLog {
  #requests: LoggedRequest[] = [];
  #sequence = 0;

  add(request: Omit<LoggedRequest, 'sequence'>): void {
    this.#sequence += 1;
    this.#requests.push({
      sequence: this.#sequence,
      ...request,
      parameters: withoutCard(request.parameters),
    });
    // Trimmed by halves, so that adding stays cheap.
    if (this.#requests.length >= KEPT * 2) this.#requests = this.#requests.slice(-KEPT);
  }

  /** Oldest first, those after the cursor; or only the one with this id. */
  list(after = 0, requestId: string | null = null): LoggedRequest[] {
    return this.#requests
      .slice(-KEPT)
      .filter(
        (request) => request.sequence > after && (requestId ?? request.requestId) === request.requestId,
      );
  }

  /** The last `count`, newest first. */
  newest(count: number): LoggedRequest[] {
    return this.#requests.slice(-count).toReversed();
  }

  clear(): void {
    this.#requests = [];
  }
}

/** Card numbers are not kept, not even those of test cards: somebody may have typed a real one. */
function withoutCard(parameters: RawParameters): RawParameters {
  const { card } = parameters;
  if (typeof card !== 'object' || Array.isArray(card)) return parameters;
  return { ...parameters, card: { ...card, number: '…', cvc: '…' } };
}
