import type { MonthProgress } from '../../../api/admin/months/schema.ts';
import type { Month } from '../../../domain/monthly-close.ts';
import { Figures } from '../../components/figures.tsx';
import { Progress } from '../../components/progress.tsx';
import { Money, Time } from '../../components/values.tsx';
import { mayGoOn, monthPath, stageOf, versionOfProgress } from './month-view.ts';

/** From when on bills are seen to go out, and how many had by then: how fast they go is counted from there. */
export interface SeenFrom {
  readonly done: number;
  readonly atMs: number;
}

interface ProgressCardProps {
  readonly month: Month;
  readonly progress: MonthProgress;
  readonly seenFrom: SeenFrom;
  readonly nowMs: number;
}

/** How far the close is. While it runs, the page asks every two seconds whether there is something new. */
export function ProgressCard({ month, progress, seenFrom, nowMs }: ProgressCardProps) {
  const { progress: report, progressProblem } = progress;
  return (
    <div id="month-progress" {...(mayGoOn(progress) ? asksAgain(month, progress, seenFrom) : {})}>
      {report === null ? (
        <p>{progress.close === 'none' ? '' : progressProblem}</p>
      ) : (
        <Figures
          figures={[
            { name: 'Frozen by this close', value: report.frozenBills.toLocaleString('en-US') },
            {
              name: 'Invoiced by this close',
              value: (
                <>
                  {report.invoicedBills.toLocaleString('en-US')} · <Money cents={report.invoicedCents} />
                </>
              ),
            },
            { name: 'Held', value: report.heldBills.toLocaleString('en-US') },
            { name: 'Parked', value: report.parkedBills.toLocaleString('en-US') },
          ]}
        />
      )}
      {report?.waiting ? (
        <p class="flash bad">
          {'Since '}
          <Time at={report.waiting.since} />
          {`: ${report.waiting.problem}`}
        </p>
      ) : null}
      {progress.close === 'running' ? (
        <UnderWay progress={progress} seenFrom={seenFrom} nowMs={nowMs} />
      ) : null}
    </div>
  );
}

/** Nothing where it is a person that the close waits for. */
function UnderWay({ progress, seenFrom, nowMs }: Omit<ProgressCardProps, 'month'>) {
  const { progress: report, goingOut } = progress;
  if (goingOut !== null) {
    const { done, total } = goingOut;
    return (
      <>
        {done < total ? (
          <Progress label="Bills that have gone out" done={done} max={total} />
        ) : (
          // The last are on their way, or parked ones are tried again, which count as gone.
          <Progress label="Under way" />
        )}
        <p>{speedText(goingOut, seenFrom, nowMs)}</p>
      </>
    );
  }
  const phase = report?.phase;
  return phase === 'collecting' || phase === 'freezing' ? <Progress label="Under way" /> : null;
}

/** Bills a second; slower is none that says anything of the rest. */
const SLOWEST_SHOWN = 0.1;

/** `1,200 of 400,000 bills, 24.5 a second, about 272 minutes to go` */
function speedText(
  { done, total }: NonNullable<MonthProgress['goingOut']>,
  seenFrom: SeenFrom,
  nowMs: number,
): string {
  const count = `${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} bills`;
  const perSecond = (done - seenFrom.done) / Math.max(1, (nowMs - seenFrom.atMs) / 1_000);
  if (perSecond < SLOWEST_SHOWN) return `${count}.`;
  const minutes = Math.ceil(Math.max(0, total - done) / perSecond / 60);
  return `${count}, ${perSecond.toFixed(1)} a second, about ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} to go.`;
}

function asksAgain(month: Month, progress: MonthProgress, { done, atMs }: SeenFrom) {
  const query = new URLSearchParams({
    since: versionOfProgress(progress),
    stage: stageOf(progress),
    done: String(done),
    at: String(atMs),
  });
  return {
    'hx-get': `${monthPath(month, 'progress')}?${query.toString()}`,
    'hx-trigger': 'every 2s',
    'hx-swap': 'outerHTML',
  };
}
