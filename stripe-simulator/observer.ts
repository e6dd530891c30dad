/** For tests that check everything the simulator takes and says, whatever they are about. */
import type { RawParameters } from './form.ts';
import type { Event } from './wire.ts';

/** One API request with its answer, as it went over the wire. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly parameters: RawParameters;
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** The fault that struck it: some of them answer as no Stripe would. */
  readonly fault: string | null;
}

/** Called synchronously; must not throw. */
export interface SimulatorObserver {
  exchange?(exchange: Exchange): void;
  /** Every event, sent to an endpoint or not. */
  event?(event: Event): void;
}
