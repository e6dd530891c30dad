/** Options and arguments that several commands have. */
import { userInfo } from 'node:os';
import { InvalidArgumentError, Option } from 'commander';
import { type BillingPeriod, isBillingPeriod } from '../domain/billing-period.ts';
import { MODES, type Mode } from '../domain/mode.ts';
import type { Month } from '../domain/monthly-close.ts';

/** What {@link modeOption} gives an action. */
export interface ModeOption {
  readonly mode: Mode;
}

/** What {@link byOption} gives an action. */
export interface ByOption {
  /** Who decides. */
  readonly as: string;
}

/** `--mode live|test`; live unless given, as production is what operators mean. */
export const modeOption = () => new Option('--mode <mode>', "Stripe's world").choices(MODES).default('live');
/** `--as NAME`, kept with the decision; the name of the system's user unless given. */
export const byOption = () => new Option('--as <name>', 'who decides').default(userInfo().username);

/** Exit status of a command that was called wrongly, where status 1 says something else. */
export const USAGE_STATUS = 2;

/** For an option or argument `YYYY-MM`. @throws InvalidArgumentError, whose sentence commander prints before it ends the program. */
export function parsePeriod(text: string): BillingPeriod {
  if (isBillingPeriod(text)) return text;
  throw new InvalidArgumentError('Write the month as YYYY-MM, such as 2026-10.');
}

/** For an option that counts something, from 1. @throws InvalidArgumentError as {@link parsePeriod} does. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new InvalidArgumentError('It takes a whole number above 0.');
  return count;
}

/** A command as a person types it, such as `npm run billing -- release 2026-10 --mode test`. */
export function billingCommand(name: string, { mode, period }: Month): string {
  return `npm run billing -- ${name} ${period}${mode === 'live' ? '' : ` --mode ${mode}`}`;
}

/** @returns where it is, without a path. */
export function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin;
  throw new InvalidArgumentError('Write an address such as https://billing.example.com.');
}
