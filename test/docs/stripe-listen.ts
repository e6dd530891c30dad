import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { Stripe } from 'stripe';
import type { Block } from './document.ts';

const STRIPE_CLI = path.join(
  path.dirname(createRequire(import.meta.url).resolve('@stripe/cli/package.json')),
  'bin/shim.js',
);

/**
 * The options of a `stripe listen`. It can't be run, for it would ask Stripe; but Stripe's CLI says which options there are.
 *
 * @throws when it is another command, or has an option that there is not.
 */
export async function stripeListenOptions({ text }: Pick<Block, 'text'>): Promise<string[]> {
  const [program, command, ...options] = text.trim().split(' ');
  if (program !== 'stripe' || command !== 'listen') throw new Error(`no stripe listen: ${text}`);
  const { stdout: help } = await promisify(execFile)(process.execPath, [STRIPE_CLI, command, '--help']);
  const known = help.split(/\s+/);
  for (const option of options)
    if (option.startsWith('-') && !known.includes(option)) throw new Error(`stripe listen has no ${option}`);
  return options;
}

/** Delivers an event of test mode, as `stripe listen` does. @returns the status of the answer. */
export async function sendTestEvent(url: string, secret = ''): Promise<number> {
  const payload = JSON.stringify({
    id: 'evt_of_test_mode',
    object: 'event',
    type: 'invoice.created',
    created: 1_793_750_400,
    livemode: false,
    data: { object: { id: 'in_1' } },
  });
  const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret });
  const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
  const { status } = await fetch(url, { method: 'POST', headers, body: payload });
  return status;
}
