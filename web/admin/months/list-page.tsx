import type { Months } from '../../../api/admin/months/schema.ts';
import { type BillingPeriod, parseBillingPeriod } from '../../../domain/billing-period.ts';
import type { Mode } from '../../../domain/mode.ts';
import { type Month, monthlyBillingWorkflowId } from '../../../domain/monthly-close.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { type Column, Table } from '../../components/table.tsx';
import { Money, StatusBadge } from '../../components/values.tsx';
import { monthInWords } from '../../words.ts';
import { ModeSwitch } from '../components/mode-switch.tsx';
import { WorkflowLink } from '../components/workflow-link.tsx';
import { tabPath } from '../tabs.ts';
import { modeName, monthPath } from './month-view.ts';
import { PreviewLink } from './preview-link.tsx';
import { standingOf } from './standing.ts';

type ListedMonth = Months['months'][number];

interface MonthsPageProps {
  readonly mode: Mode;
  readonly months: Months;
  /** Where the page begins: after this month; absent: with the newest. */
  readonly after: BillingPeriod | undefined;
}

/** The tab: each month that has usage or bills, the newest first; and above them those that somebody must close. */
export function MonthsPage({ mode, months: { months, next }, after }: MonthsPageProps) {
  const open = months.filter((month) => month.isOver && month.close === 'none' && month.bills === 0);
  return (
    <>
      <ModeSwitch path={tabPath('months')} mode={mode} />
      {open.map(({ period }) => (
        <NotClosed key={period} mode={mode} period={parseBillingPeriod(period)} />
      ))}
      <Table
        caption={`Months of ${modeName(mode)}`}
        columns={columnsOf(mode)}
        rows={months}
        keyOf={({ period }) => period}
        empty={
          <EmptyState
            title={after === undefined ? `No usage in ${modeName(mode)} yet.` : `No month before ${after}.`}
          >
            A month shows here once there is usage in it: send some with POST /api/usage-events.
          </EmptyState>
        }
      />
      {next === null ? null : (
        <p>
          <a href={`${tabPath('months')}?mode=${mode}&after=${next}`}>Older months</a>
        </p>
      )}
    </>
  );
}

/** A month that is over, of which nobody has a bill. */
function NotClosed({ mode, period }: Month) {
  return (
    <article>
      <div class="card-head">
        <h2>{`${monthInWords(period)} is over and not closed.`}</h2>
        <PreviewLink month={{ mode, period }}>Preview</PreviewLink>
        <a href={monthPath({ mode, period })}>Look at it and close it</a>
      </div>
    </article>
  );
}

function columnsOf(mode: Mode): readonly Column<ListedMonth>[] {
  const periodOf = ({ period }: ListedMonth) => parseBillingPeriod(period);
  const countOf = ({ byStatus }: ListedMonth, status: 'held' | 'parked') => byStatus[status]?.bills ?? 0;
  return [
    {
      name: 'Month',
      cell: (month) => (
        <a href={monthPath({ mode, period: periodOf(month) })}>{monthInWords(periodOf(month))}</a>
      ),
    },
    { name: 'Status', cell: (month) => <ListedStanding month={month} /> },
    { name: 'Bills', cell: ({ bills }) => bills.toLocaleString('en-US'), isFigure: true },
    { name: 'To collect', cell: ({ totalCents: cents }) => <Money cents={cents} />, isFigure: true },
    { name: 'Held', cell: (month) => countOf(month, 'held').toLocaleString('en-US'), isFigure: true },
    { name: 'Parked', cell: (month) => countOf(month, 'parked').toLocaleString('en-US'), isFigure: true },
    {
      name: 'Workflow',
      cell: (month) =>
        month.close === 'none' ? (
          ''
        ) : (
          <WorkflowLink workflowId={monthlyBillingWorkflowId(mode, periodOf(month))}>
            {`Close of ${month.period}`}
          </WorkflowLink>
        ),
    },
  ];
}

function ListedStanding({ month }: { readonly month: ListedMonth }) {
  const { byStatus } = month;
  const { tone, words } = standingOf({
    ...month,
    period: parseBillingPeriod(month.period),
    isWaitingForStripe: false,
    frozenBills: byStatus.frozen?.bills ?? 0,
    heldBills: byStatus.held?.bills ?? 0,
    parkedBills: byStatus.parked?.bills ?? 0,
  });
  return <StatusBadge tone={tone}>{words}</StatusBadge>;
}
