import type { UserKey } from '../../../domain/customer-key.ts';
import type { BillingStatus } from '../../../domain/customer-standing.ts';
import { customerBillingWorkflowId } from '../../../domain/customer-workflow.ts';
import type { Mode } from '../../../domain/mode.ts';
import { StatusBadge, type Tone } from '../../components/values.tsx';
import { tabPath } from '../tabs.ts';
import { WorkflowLink } from './workflow-link.tsx';

const STATUS_TONES: Readonly<Record<BillingStatus, Tone>> = {
  none: 'neutral',
  active: 'good',
  past_due: 'waiting',
  suspended: 'bad',
};

/** In the very word that the API and the list's filter take, `past_due`; red where access was taken away. */
export function BillingStatusBadge({ status }: { readonly status: BillingStatus }) {
  return <StatusBadge tone={STATUS_TONES[status]}>{status}</StatusBadge>;
}

interface CustomerWorkflowLinkProps {
  readonly mode: Mode;
  readonly stripeCustomerId: string;
  /** Of the link, as of {@link WorkflowLink}. */
  readonly id?: string;
}

/** To the workflow that is a Stripe customer's billing. */
export function CustomerWorkflowLink({ mode, stripeCustomerId, id }: CustomerWorkflowLinkProps) {
  return (
    <WorkflowLink
      workflowId={customerBillingWorkflowId(mode, stripeCustomerId)}
      {...(id === undefined ? {} : { id })}
    >
      {stripeCustomerId}
    </WorkflowLink>
  );
}

/** To the page of a user, within the tab Customers. */
export function CustomerPageLink({ mode, userId }: UserKey) {
  return <a href={customerPath(mode, userId)}>{userId}</a>;
}

/** The address of a user's page, or of something below it. */
export function customerPath(mode: Mode, userId: string, ...below: readonly string[]): string {
  return tabPath('customers', mode, userId, ...below);
}
