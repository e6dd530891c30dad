import {
  type CreditLot,
  drawFromLots,
  type PurchaseTakenBack,
  settleTakenBack,
  takenAfter,
  usableAt,
} from '../../domain/credits.ts';

/** An instant of September, by its day. */
export const day = (date: number) => new Date(Date.UTC(2026, 8, date));

/** A ledger as small as can be: what the database keeps, in memory. */
export class Ledger {
  now = day(1);
  shortfallCents = 0;
  readonly lots: (CreditLot & { readonly expiredCents: number })[] = [];
  readonly purchases: { readonly lot: string; dueCents: number }[] = [];
  readonly entries: { readonly of: string; readonly lot: string; readonly amountCents: number }[] = [];

  grant(lot: string, grantedCents: number, expiresAt: Date | null = null): void {
    const grantedOrder = this.lots.length;
    this.lots.push({ lot, remainingCents: grantedCents, expiresAt, grantedOrder, expiredCents: 0 });
    this.#settle();
  }

  purchase(lot: string, grantedCents: number, expiresAt: Date | null = null): void {
    this.purchases.push({ lot, dueCents: 0 });
    this.grant(lot, grantedCents, expiresAt);
  }

  /** What is to be taken back of the purchase, from now on. */
  due(lot: string, dueCents: number): void {
    for (const purchase of this.purchases) if (purchase.lot === lot) purchase.dueCents = dueCents;
    this.#settle();
  }

  dueOf(lot: string): number {
    return this.purchases.find((purchase) => purchase.lot === lot)?.dueCents ?? 0;
  }

  use(wantedCents: number): void {
    for (const { lot, cents: drawn } of drawFromLots(usableAt(this.lots, this.now), wantedCents))
      this.#change(lot, -drawn);
  }

  /** What the freeze of a month that has ended by now does with what has expired. */
  writeOff(): void {
    const usable = usableAt(this.lots, this.now);
    for (const [index, each] of this.lots.entries()) {
      if (usable.includes(each)) continue;
      const expiredCents = each.expiredCents + each.remainingCents;
      this.lots[index] = { ...each, remainingCents: 0, expiredCents };
    }
  }

  takenBack(): PurchaseTakenBack[] {
    return this.purchases.map(({ lot, dueCents }) => ({
      lot,
      dueCents,
      expiredCents: this.lots.find((each) => each.lot === lot)?.expiredCents ?? 0,
      taken: takenAfter(this.entries.filter(({ of }) => of === lot)),
    }));
  }

  settlement(purchases = this.takenBack()) {
    return settleTakenBack(purchases, this.lots, this.now);
  }

  left(lots: readonly CreditLot[] = this.lots): Record<string, number> {
    return Object.fromEntries(lots.map((each) => [each.lot, each.remainingCents]));
  }

  usable(): CreditLot[] {
    return usableAt(this.lots, this.now);
  }

  #settle(): void {
    const { entries, shortfallCents } = this.settlement();
    for (const { purchase, lot, amountCents } of entries) {
      this.entries.push({ of: purchase.lot, lot, amountCents });
      this.#change(lot, amountCents);
    }
    this.shortfallCents = shortfallCents;
  }

  #change(lot: string, amountCents: number): void {
    const index = this.lots.findIndex((each) => each.lot === lot);
    const found = this.lots[index];
    if (found === undefined || found.remainingCents + amountCents < 0)
      throw new Error(`${lot} is overdrawn by ${amountCents}`);
    this.lots[index] = { ...found, remainingCents: found.remainingCents + amountCents };
  }
}
