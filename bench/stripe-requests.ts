import { requestJson } from '../cli/demo/service.ts';

/** How often Stripe's stand-in has been asked since it began. */
export async function stripeRequestsSoFar(simulatorUrl: string): Promise<number> {
  const url = `${simulatorUrl}/_sim/requests`;
  const { requests } = await requestJson<{ requests: readonly { sequence: number }[] }>('GET', url);
  return requests.at(-1)?.sequence ?? 0;
}
