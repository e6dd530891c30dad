import { Gauge } from 'prom-client';
import { lastReconciledAt } from '../db/reconciliation.ts';
import { countOpenFindings } from '../db/reconciliation-findings.ts';
import type { Mode } from '../domain/mode.ts';
import { describeError } from '../telemetry/describe-error.ts';
import { cachedReading } from './cached-reading.ts';
import type { ApiDependencies } from './dependencies.ts';
import { configuredModes } from './mode-configuration.ts';

/**
 * Shows what reconciliation has left open, and how long ago it ran. Read at most once a minute; what can't be read is absent, and the
 * log says why. Of a mode that is not used here nothing is shown: nobody compares, so it would stay as it is for ever.
 */
export function addReconciliationMetrics({
  db,
  log,
  metrics,
  webhookSecrets,
  now = () => new Date(),
}: Pick<ApiDependencies, 'db' | 'log' | 'metrics' | 'webhookSecrets' | 'now'>): void {
  const modes = configuredModes(webhookSecrets);
  const reading = cachedReading({
    read: async () => {
      const lastRuns: { mode: Mode; at: Date }[] = [];
      for (const mode of modes) {
        const at = await lastReconciledAt(db, mode);
        if (at !== null) lastRuns.push({ mode, at });
      }
      const open = (await countOpenFindings(db)).filter(({ mode }) => modes.includes(mode));
      return { open, lastRuns };
    },
    onFailure: (error) =>
      log.warn({ cause: describeError(error) }, 'the findings of reconciliation can not be read'),
  });

  metrics.registerMetric(
    new Gauge({
      name: 'billing_reconciliation_open_findings',
      help: 'Where Stripe and the database are not of one mind: repaired, or proposed for a person to mend',
      labelNames: ['mode', 'code', 'fix'],
      registers: [],
      async collect() {
        const read = await reading();
        this.reset();
        for (const { count, ...labels } of read?.open ?? []) this.set(labels, count);
      },
    }),
  );
  metrics.registerMetric(
    new Gauge({
      name: 'billing_reconciliation_last_run_age_seconds',
      help: 'How long ago the last reconciliation ended; it runs every hour',
      labelNames: ['mode'],
      registers: [],
      async collect() {
        const read = await reading();
        this.reset();
        for (const { mode, at } of read?.lastRuns ?? [])
          this.set({ mode }, Math.round((now().getTime() - at.getTime()) / 1_000));
      },
    }),
  );
}
