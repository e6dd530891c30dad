/** What the Temporal Web UI shows of a run. Markdown. */
import { instantText, tableCell } from './markdown.ts';
import {
  outcomeOfReconciliation,
  progressOfReconciliation,
  type ReconciliationReport,
} from './reconciliation.ts';

/** How far a run is, or what it came to, and the open findings with what a person is to do. */
export function reconciliationDetails(report: ReconciliationReport): string {
  const { endedAtMs, eventsFrom, eventsGone, openFindings, open } = report;
  const rows = [
    ['', `**${endedAtMs === null ? progressOfReconciliation(report) : outcomeOfReconciliation(report)}**`],
    [
      'Events',
      eventsFrom === null
        ? 'not read yet'
        : `since ${instantText(eventsFrom * 1_000)}; ${report.forwardedEvents} handed on`,
    ],
    ...(eventsGone === null
      ? []
      : [
          [
            '**Events that are gone**',
            `${instantText(eventsGone.from * 1_000)} to ${instantText(eventsGone.to * 1_000)}: objects are compared instead`,
          ],
        ]),
    ['Objects', report.comparesObjects ? 'compared' : 'not in this run'],
    ['Read', String(report.read)],
    ['Repaired', String(report.repaired)],
    ['For a person', String(open)],
  ];
  const table = ['| | |', '|---|---|', ...rows.map((row) => `| ${row.join(' | ')} |`)];
  if (openFindings.length === 0) return table.join('\n');
  const findings = openFindings.map(
    ({ code, userId, what, proposal }) =>
      `| ${code} | ${tableCell(userId ?? '')} | ${tableCell(what)} | ${tableCell(proposal ?? '')} |`,
  );
  return [...table, '', '| Finding | User | What | What to do |', '|---|---|---|---|', ...findings].join(
    '\n',
  );
}
