import { expect, test } from 'vitest';
import type { Acknowledging, Rate, WebhookFigures } from '../../bench/webhook.ts';
import { reportWebhooks } from '../../bench/webhook-report.ts';

const RATE: Rate = {
  perSecond: 400,
  p50Ms: 2,
  p99Ms: 10,
  sentAgain: 0,
  cpuMs: { sender: 0.5, api: null, temporal: null },
};

function verdictOf(compared: Pick<Acknowledging, 'throughput' | 'p99'>): string | undefined {
  const figures: WebhookFigures = {
    machine: { cores: 2, cpu: 'any', loadAverage: 0 },
    options: { topology: 'dev', events: 1, runs: 1, burst: 1, customers: 1 },
    bodyBytes: 1,
    acknowledging: [{ atATime: 16, api: RATE, bare: RATE, ...compared }],
    burst: {
      events: 1,
      customers: 1,
      acknowledgedPerSecond: 1,
      sentAgain: 0,
      appliedPerSecond: 1,
      activitiesPerEvent: 1,
      stripeRequestsPerEvent: 1,
    },
  };
  return reportWebhooks(figures)
    .split('\n')
    .find((line) => line.startsWith('16 at a time'));
}

test.each([
  [{ throughput: 0.95, p99: 1.3 }, 'reached'],
  [{ throughput: 0.94, p99: 1 }, 'missed'],
  [{ throughput: 1, p99: 1.31 }, 'missed'],
])('%j is %s: it takes both, throughput and p99', (compared, verdict) => {
  expect(verdictOf(compared)).toMatch(new RegExp(`: ${verdict}\\.$`));
});
