/** What the Temporal Web UI shows of a run. Markdown. */
import { factsTable, instantText, markdownTable, tableCell } from './markdown.ts';
import {
  outcomeOfReconciliation,
  progressOfReconciliation,
  type ReconciliationReport,
} from './reconciliation.ts';

/** How far a run is, or what it came to, and the open findings with what a person is to do. */
export function reconciliationDetails(report: ReconciliationReport): string {
  const { endedAtMs, eventsFrom, eventsGone, openFindings, open } = report;
  const facts = factsTable([
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
          ] as const,
        ]),
    ['Objects', report.comparesObjects ? 'compared' : 'not in this run'],
    ['Read', String(report.read)],
    ['Repaired', String(report.repaired)],
    ['For a person', String(open)],
  ]);
  if (openFindings.length === 0) return facts;
  const findings = openFindings.map(({ code, userId, what, proposal }) => [
    code,
    ...[userId, what, proposal].map((text) => tableCell(text ?? '')),
  ]);
  return `${facts}\n\n${markdownTable(['Finding', 'User', 'What', 'What to do'], findings)}`;
}
