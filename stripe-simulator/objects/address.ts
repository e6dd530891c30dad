/** An address as a request gives it: what it leaves out is not there. */
type GivenAddress = { [K in keyof Address]?: string | null | undefined };

/** Stripe's address hash. `country` is a two-letter ISO code; nothing here checks it. */
export interface Address {
  city: string | null;
  country: string | null;
  line1: string | null;
  line2: string | null;
  postal_code: string | null;
  state: string | null;
}

/** An address as Stripe shows it: every field is there. */
export function fullAddress(given: GivenAddress): Address {
  const { city = null, country = null, line1 = null, line2 = null, postal_code = null, state = null } = given;
  return { city, country, line1, line2, postal_code, state };
}
