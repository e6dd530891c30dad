import { billingLink } from '../../billing-link.ts';
import { signedInUser } from '../../session.ts';

export const dynamic = 'force-dynamic';

/** Leads to the account page of who is signed in with you, by the id that you registered them under. */
export async function GET(request: Request): Promise<Response> {
  const userId = await signedInUser(request);
  const location = userId === undefined ? '/login' : await billingLink(userId);
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store' } });
}
