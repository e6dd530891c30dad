import { unauthorized } from '../errors.ts';
import type { ModeName } from '../mode.ts';

/** The keys the simulator prints when it starts; any suffix makes another key of the same mode. */
export const LIVE_KEY = 'sk_live_simulator';
/** The same for test mode. */
export const TEST_KEY = 'sk_test_simulator';

const SIMULATOR_KEY = /^[sr]k_(live|test)_simulator\w*$/;
const PUBLISHABLE_KEY = /^pk_(live|test)_simulator\w*$/;
/** A key whose suffix is this one has expired. */
const EXPIRED = '_expired';

/** A key that was accepted. Idempotency keys are kept for each API key, so two of one mode never share one. */
export interface ApiKey {
  key: string;
  mode: ModeName;
}

/**
 * The key of a request, sent as `Bearer` or as the user of basic authentication.
 * @throws 401 without one, and for every key that could be a real one: whoever sends a real key here has mixed up the
 *   simulator with Stripe, and should learn it before the key ends up in a log.
 */
export function authenticate(authorization: string | undefined): ApiKey {
  const key = keyOf(authorization);
  if (key === '') {
    throw unauthorized(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
    );
  }
  if (PUBLISHABLE_KEY.test(key)) {
    throw unauthorized(
      'This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.',
      { code: 'secret_key_required' },
    );
  }
  const mode = SIMULATOR_KEY.exec(key)?.[1];
  if (mode !== undefined && key.endsWith(EXPIRED)) {
    throw unauthorized(`Expired API Key provided: ${key.slice(0, 8)}${'*'.repeat(8)}${key.slice(-4)}`, {
      code: 'api_key_expired',
    });
  }
  if (mode === 'live' || mode === 'test') return { key, mode };
  throw unauthorized(
    `This is the Stripe simulator, and this API key could be a real one, so it was refused (and not recorded). Use ${LIVE_KEY} or ${TEST_KEY}, with any suffix.`,
  );
}

function keyOf(authorization = ''): string {
  const [scheme = '', credentials = ''] = authorization.split(' ');
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return '';
  return Buffer.from(credentials, 'base64').toString('utf8').split(':')[0] ?? '';
}
