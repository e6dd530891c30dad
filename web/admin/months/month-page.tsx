import type { MonthDetails } from '../../../api/admin/months/schema.ts';
import { countOfBills } from '../../../domain/close-summary.ts';
import { type Month, monthlyBillingWorkflowId } from '../../../domain/monthly-close.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { StatusBadge } from '../../components/values.tsx';
import { WorkflowLink } from '../components/workflow-link.tsx';
import { tabPath } from '../tabs.ts';
import { Balance } from './balance.tsx';
import { Bills } from './bills.tsx';
import { ApproveForm, CloseForm, HoldForm, RetryParkedForm } from './decision-forms.tsx';
import { Decisions } from './decisions-table.tsx';
import { HeldBills } from './held-bills.tsx';
import { modeName, standingOfMonth } from './month-view.ts';
import { offeredOf } from './offered.ts';
import { PreviewLink } from './preview-link.tsx';
import { ProgressCard, type SeenFrom } from './progress-card.tsx';
import { StoppedBills } from './stopped-bills.tsx';

/** A month as its page shows it. */
export type MonthView = MonthDetails & Month;

interface MonthPageProps {
  readonly month: MonthView;
  readonly seenFrom: SeenFrom;
  readonly nowMs: number;
}

/** A month: how far its close is, what can be decided, its bills, and where all usage has gone. */
export function MonthPage({ month, seenFrom, nowMs }: MonthPageProps) {
  const { mode, period } = month;
  return (
    <>
      <p>
        <a href={`${tabPath('months')}?mode=${mode}`}>{`All months of ${modeName(mode)}`}</a>
      </p>
      <article>
        {/* It stays when what stands in it is replaced, so that what is new is read out. */}
        <div id="month-standing" aria-live="polite">
          <StandingOfMonth month={month} />
        </div>
        <ProgressCard month={month} progress={month} seenFrom={seenFrom} nowMs={nowMs} />
        {month.close === 'none' ? null : (
          <p>
            <WorkflowLink workflowId={monthlyBillingWorkflowId(mode, period)}>
              {`Workflow of the close of ${period}`}
            </WorkflowLink>
          </p>
        )}
      </article>
      <div id="month-details">
        <MonthRest month={month} />
      </div>
    </>
  );
}

/** A part for htmx: how far the close is now, and all else of the page where it stands somewhere else. */
export function ChangedMonth({ month, seenFrom, nowMs }: MonthPageProps) {
  return (
    <>
      <ProgressCard month={month} progress={month} seenFrom={seenFrom} nowMs={nowMs} />
      <div id="month-standing" hx-swap-oob="innerHTML">
        <StandingOfMonth month={month} />
      </div>
      <div id="month-details" hx-swap-oob="innerHTML">
        <MonthRest month={month} />
      </div>
    </>
  );
}

function StandingOfMonth({ month }: { readonly month: MonthView }) {
  const { tone, words, sentence } = standingOfMonth(month);
  return (
    <p>
      <StatusBadge tone={tone}>{words}</StatusBadge> {sentence}
    </p>
  );
}

function MonthRest({ month }: { readonly month: MonthView }) {
  const { mode, summary, progress, decisions } = month;
  const balance = progress?.balance ?? null;
  const parked = summary.byStatus.parked.bills;
  const offered = offeredOf(month);
  return (
    <>
      <section>
        <h2>What can be done</h2>
        <p>
          <PreviewLink month={month}>Preview: what a close would come to now</PreviewLink>
        </p>
        {offered.approve ? <ApproveForm month={month} summary={summary} /> : null}
        {offered.hold ? <HoldForm month={month} /> : null}
        {offered.close ? <CloseForm month={month} summary={summary} /> : null}
      </section>
      <HeldBills month={month} details={month} offered={offered} />
      {parked === 0 ? null : (
        <section>
          <h2>Parked</h2>
          <p>
            {`${countOfBills(parked)} can't go out as things are. Mend what stands beside each, and try again.`}
          </p>
          <StoppedBills caption="Parked bills" mode={mode} bills={summary.parked} count={parked} />
          {offered.retryParked ? <RetryParkedForm month={month} summary={summary} /> : null}
        </section>
      )}
      {summary.bills === 0 ? (
        <EmptyState title="No bills yet.">
          A close makes them. The preview says what it would come to, without writing anything.
        </EmptyState>
      ) : (
        <Bills mode={mode} summary={summary} />
      )}
      {balance === null ? null : <Balance balance={balance} />}
      <Decisions decisions={decisions} />
    </>
  );
}
