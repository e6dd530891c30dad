import type { Health } from '../../../api/admin/health/health.ts';
import { StatusBadge, Time, type Tone } from '../../components/values.tsx';
import { tabPath } from '../tabs.ts';
import { type Check, groupsOf, linkOf, nameOf, summaryOf } from './groups.ts';

const TONES: Readonly<Record<Check['state'], Tone>> = { ok: 'good', warning: 'waiting', problem: 'bad' };

/** The tab: what works and what does not. */
export function HealthPage({ health }: { readonly health: Health }) {
  return (
    <>
      <p>
        Looks at all that billing needs. <a href={tabPath('health')}>Look again</a>
      </p>
      <Findings health={health} />
    </>
  );
}

/** What was found. The page replaces it by itself; nothing reads that out, so that it can be read in peace. */
export function Findings({ health: { state, lookedAt, checks } }: { readonly health: Health }) {
  return (
    <div hx-get={tabPath('health', 'findings')} hx-trigger="every 10s" hx-swap="outerHTML">
      <p class={`flash ${TONES[state]}`}>
        <strong>{summaryOf(checks)}</strong> Looked at <Time at={lookedAt} />.
      </p>
      {groupsOf(checks).map(({ name, checks: ofGroup }) => (
        <section key={name} aria-label={name}>
          <h2>{name}</h2>
          <ul class="checks">
            {ofGroup.map((each) => (
              <CheckItem key={each.id} check={each} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function CheckItem({ check }: { readonly check: Check }) {
  const { id, mode, state, finding, mend } = check;
  const link = state === 'ok' ? null : linkOf(check);
  return (
    <li>
      <span>
        <StatusBadge tone={TONES[state]}>{state}</StatusBadge>
      </span>
      <strong>{nameOf(check)}</strong>
      <div>
        <p>{finding}</p>
        {mend === null ? null : (
          <p>
            <em>To mend it:</em> {mend}{' '}
            {link === null ? null : (
              <a href={link.href} id={`more-of-${id}-${mode}`}>
                {link.text}
              </a>
            )}
          </p>
        )}
      </div>
    </li>
  );
}
