import type { BillStatus } from '../../../domain/bill.ts';
import { inWords } from '../../../domain/in-words.ts';
import { StatusBadge, type Tone } from '../../components/values.tsx';

const STATUS_TONES: Readonly<Record<BillStatus, Tone>> = {
  frozen: 'neutral',
  held: 'waiting',
  open: 'waiting',
  paid: 'good',
  payment_failed: 'bad',
  parked: 'bad',
  void: 'neutral',
};

/** In words (`payment failed`); red where it was refused, by the customer's bank or by Stripe. */
export function BillStatusBadge({ status }: { readonly status: BillStatus }) {
  return <StatusBadge tone={STATUS_TONES[status]}>{inWords(status)}</StatusBadge>;
}
