import type { customersPage } from '../../../api/admin/customers/list.ts';
import type { Mode } from '../../../domain/mode.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Id, Money, Time } from '../../components/values.tsx';
import { BillingStatusBadge, CustomerWorkflowLink, customerPath } from '../components/customer.tsx';
import { ModeSwitch } from '../components/mode-switch.tsx';
import { tabPath } from '../tabs.ts';
import { isNarrowed, type ListedCustomers, listPath } from './filter.ts';
import { FilterForm } from './filter-form.tsx';
import { waitingWords } from './words.ts';

type Page = Awaited<ReturnType<typeof customersPage>>;

interface CustomersPageProps {
  readonly filter: ListedCustomers;
  readonly page: Page;
}

/** The tab: who there is in a mode, and where each of them stands. */
export function CustomersPage({ filter, page: { customers, next } }: CustomersPageProps) {
  const { mode, limit: _limit, after, ...narrowing } = filter;
  const first = { mode, ...narrowing };
  return (
    <>
      <ModeSwitch path={tabPath('customers')} mode={mode} />
      <FilterForm filter={filter} />
      <section aria-label="Customers">
        <Table
          caption={`Customers of ${mode} mode`}
          columns={columnsOf(mode)}
          rows={customers}
          keyOf={({ userId }) => userId}
          empty={<NobodyThere filter={filter} />}
        />
        {after === undefined && next === null ? null : (
          <nav class="pages" aria-label="Pages">
            {after === undefined ? null : <a href={listPath(first)}>First page</a>}
            {next === null ? null : (
              <a href={listPath({ ...first, after: next })} rel="next">
                Next page
              </a>
            )}
          </nav>
        )}
      </section>
    </>
  );
}

function NobodyThere({ filter }: Pick<CustomersPageProps, 'filter'>) {
  const { mode } = filter;
  if (isNarrowed(filter))
    return (
      <EmptyState title="Nobody fits.">
        Look for less, or <a href={listPath({ mode })}>clear the search</a>.
      </EmptyState>
    );
  if (filter.after !== undefined)
    return (
      <EmptyState title="Nobody comes after these.">
        Back to the <a href={listPath({ mode })}>first page</a>.
      </EmptyState>
    );
  return (
    <EmptyState title={`Nobody is registered in ${mode} mode yet.`}>
      The host product registers each user with an API key of this mode: PUT /api/users/USER.
    </EmptyState>
  );
}

function columnsOf(mode: Mode): readonly Column<Page['customers'][number]>[] {
  return [
    {
      name: 'User',
      cell: ({ userId, name, email }) => (
        <>
          <a href={customerPath(mode, userId)}>{userId}</a>
          <small class="beneath">{name}</small>
          <small class="beneath">{email}</small>
        </>
      ),
    },
    {
      name: 'Status',
      cell: ({ status, waitingFor }) => (
        <>
          <BillingStatusBadge status={status} />
          {waitingFor === null ? null : (
            <small class="beneath">{`waits for ${waitingWords(waitingFor)}`}</small>
          )}
        </>
      ),
    },
    { name: 'Since', cell: ({ since }) => <Time at={since} /> },
    { name: 'Owes', cell: ({ owedCents: cents }) => <Money cents={cents} />, isFigure: true },
    { name: 'Cluster', cell: ({ clusterId }) => (clusterId === null ? 'none' : <Id id={clusterId} />) },
    {
      name: 'Workflow',
      cell: ({ stripeCustomerId: id }) =>
        id === null ? 'none yet' : <CustomerWorkflowLink mode={mode} stripeCustomerId={id} />,
    },
  ];
}
