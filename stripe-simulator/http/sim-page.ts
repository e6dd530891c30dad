/** The page at `/_sim`: what came in, what went out, what is set to go wrong, and what time it is. */
import { z } from 'zod';
import { FAULT_KINDS, faultSchema } from '../faults.ts';
import { MISCHIEF_KINDS, mischiefSchema } from '../mischief.ts';
import type { Mode } from '../mode.ts';
import type { Delivery } from '../store.ts';
import type { ApiParts } from './api.ts';
import { checkoutPath } from './checkout-page.ts';
import { Html, html, money, page } from './html.ts';
import type { Answer } from './message.ts';
import { htmlAnswer } from './message.ts';

/** Rows of a table: the newest. */
const SHOWN = 30;

const STEPS: readonly (readonly [label: string, seconds: number])[] = [
  ['1 hour', 3_600],
  ['1 day', 86_400],
  ['3 days', 3 * 86_400],
  ['7 days', 7 * 86_400],
  ['31 days', 31 * 86_400],
];

const moment = (ms: number) => new Date(ms).toISOString().replace('T', ' ').slice(0, 19);

/** Renews what is on the page every two seconds, while somebody looks at it. */
const REFRESH = new Html(`<script>
setInterval(async () => {
  if (document.hidden || document.getElementById('live').contains(document.activeElement)) return;
  const answer = await fetch('/_sim/live').catch(() => undefined);
  if (answer?.ok) document.getElementById('live').innerHTML = await answer.text();
}, 2000);
</script>`);

/** The whole page: forms for clock, faults and mischief, and below them what `liveParts` renews. */
export function simPage(parts: ApiParts): string {
  return page(
    'Stripe simulator',
    html`<div class="row">
<form method="post" action="/_sim/page">
<label>Advance the clock by
<select name="seconds">${STEPS.map(([label, seconds]) => html`<option value="${seconds}">${label}</option>`)}</select></label>
<button name="do" value="advance">Advance</button>
</form>
<form method="post" action="/_sim/page">
<label>Fault on <input name="route" value="POST /v1/invoices/:id/finalize" required></label>
<label>Kind <select name="kind">${FAULT_KINDS.map((kind) => html`<option>${kind}</option>`)}</select></label>
<label>Requests <input name="count" type="number" min="1" value="1" required></label>
<button name="do" value="fault">Set fault</button>
</form>
<form method="post" action="/_sim/page">
<label>Webhooks of type <input name="eventType" placeholder="all"></label>
<label>Mischief <select name="kind">${MISCHIEF_KINDS.map((kind) => html`<option>${kind}</option>`)}</select></label>
<label>Deliveries <input name="count" type="number" min="1" value="1" required></label>
<button name="do" value="mischief">Set mischief</button>
</form>
</div>
<div id="live">${liveParts(parts)}</div>`,
    { wide: true, script: REFRESH },
  );
}

/** The part of the page that is renewed. */
export function liveParts(parts: ApiParts): Html {
  const { simulation } = parts;
  return html`<p>It is <strong>${moment(simulation.clock.nowMs())}</strong> UTC${
    simulation.clock.offsetMs === 0 ? '' : ' by the simulator'
  }. After the last failed retry a subscription becomes: ${simulation.settings.afterDunning}.
Rate limits: ${parts.rateLimits.settings.enabled ? 'on' : 'off'}.</p>
<h2>Faults and mischief</h2>${trouble(parts)}
<h2>Open Checkout sessions</h2>${checkouts(parts)}
<h2>Requests</h2>${requests(parts)}
<h2>Webhooks</h2>${webhooks(parts)}`;
}

function table(columns: readonly string[], rows: readonly Html[], none: string): Html {
  if (rows.length === 0) return html`<p class="soft">${none}</p>`;
  return html`<div class="scroll"><table>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

function trouble({ faults, simulation }: ApiParts): Html {
  const rows = [
    ...faults.list().map(({ route, kind, remaining }) => ({ what: route, kind, remaining })),
    ...simulation.mischief
      .list()
      .map(({ eventType, kind, remaining }) => ({ what: eventType ?? 'all webhooks', kind, remaining })),
  ];
  const clear = html`<form method="post" action="/_sim/page"><button class="plain" name="do" value="clear">Clear all</button></form>`;
  return html`${table(
    ['Where', 'What', 'Still to strike'],
    rows.map(
      ({ what, kind, remaining }) => html`<tr><td>${what}</td><td>${kind}</td><td>${remaining}</td></tr>`,
    ),
    'None is set.',
  )}${rows.length === 0 ? null : clear}`;
}

function bothModes({ simulation }: ApiParts): Mode[] {
  return [simulation.live, simulation.test];
}

function checkouts(parts: ApiParts): Html {
  const rows = bothModes(parts).flatMap(({ name, store }) =>
    store.checkoutSessions
      .newest(SHOWN, ({ status }) => status === 'open')
      .map(
        (
          session,
        ) => html`<tr><td>${name}</td><td><a href="${checkoutPath(session)}">${session.id.slice(0, 24)}…</a></td>
<td>${session.mode}</td><td>${session.customer}</td>
<td>${session.amount_total === null ? '' : money(session.amount_total, session.currency ?? 'usd')}</td></tr>`,
      ),
  );
  return table(['Mode', 'Session', 'For', 'Customer', 'Amount'], rows, 'None is open.');
}

function requests({ requestLog }: ApiParts): Html {
  const rows = requestLog.newest(SHOWN).map(
    (request) => html`<tr><td>${request.at.slice(11, 19)}</td><td>${request.mode}</td>
<td>${request.method} ${request.path}</td>
<td class="${request.status !== null && request.status < 400 ? 'good' : 'bad'}">${request.status ?? 'broken off'}</td>
<td>${[request.replayed ? 'replayed' : '', request.fault ?? ''].filter(Boolean).join(', ')}</td>
<td><a href="/_sim/requests?id=${request.requestId}">${request.requestId}</a></td></tr>`,
  );
  return table(['At', 'Mode', 'Request', 'Status', '', 'Id'], rows, 'None has come in.');
}

function webhooks(parts: ApiParts): Html {
  const rows = bothModes(parts)
    .flatMap(({ name, store }) => store.deliveries.newest(SHOWN).map((delivery) => ({ name, delivery })))
    .toSorted((a, b) => lastAttempt(b.delivery) - lastAttempt(a.delivery))
    .slice(0, SHOWN)
    .map(
      ({ name, delivery }) => html`<tr><td>${name}</td><td>${delivery.eventType}</td>
<td class="${{ failed: 'bad', pending: 'soft', succeeded: 'good' }[delivery.status]}">${delivery.status}</td>
<td>${delivery.attempts.map(({ status, error }) => String(status ?? error)).join(', ')}</td>
<td>${delivery.mischief}</td><td>${delivery.url}</td>
<td><a href="/_sim/webhooks?eventId=${delivery.eventId}">${delivery.eventId}</a></td></tr>`,
    );
  return table(
    ['Mode', 'Event', 'Status', 'Attempts', 'Mischief', 'To', 'Id'],
    rows,
    'None has gone out: is there a webhook endpoint?',
  );
}

function lastAttempt({ attempts }: Delivery): number {
  return attempts.at(-1)?.atMs ?? Infinity;
}

const actionSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('advance'), seconds: z.coerce.number().int().min(1) }),
  z.object({
    do: z.literal('fault'),
    route: faultSchema.shape.route,
    kind: faultSchema.shape.kind,
    count: z.coerce.number().int().min(1),
  }),
  z.object({
    do: z.literal('mischief'),
    eventType: z.string(),
    kind: mischiefSchema.shape.kind,
    count: z.coerce.number().int().min(1),
  }),
  z.object({ do: z.literal('clear') }),
]);

/** What a person does with the forms of the page; leads back to it. */
export function doOnPage({ simulation, faults }: ApiParts, _url: URL, body: string): Answer {
  const action = actionSchema.parse(Object.fromEntries(new URLSearchParams(body)));
  switch (action.do) {
    case 'advance':
      simulation.setClock(simulation.clock.nowMs() + action.seconds * 1_000);
      break;
    case 'fault': {
      const { route, kind, count } = action;
      faults.add(faultSchema.parse({ route, kind, count }));
      break;
    }
    case 'mischief': {
      const { eventType, kind, count } = action;
      simulation.mischief.add(
        mischiefSchema.parse({ kind, count, ...(eventType === '' ? {} : { eventType }) }),
      );
      break;
    }
    case 'clear':
      faults.clear();
      simulation.mischief.clear();
      break;
  }
  return { ...htmlAnswer(303, ''), headers: { location: '/_sim' } };
}
