import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { ClosePopulation } from '../bench/close-population.ts';
import { type Machine, thisMachine } from '../bench/machine.ts';
import { deliveries } from '../chaos/deliveries.ts';
import { eventually } from '../chaos/world/eventually.ts';
import type { RunningBilling } from '../chaos/world/running-billing.ts';
import { reachStack } from '../chaos/world/stack-billing.ts';
import { reportOf, startClose } from '../cli/close.ts';
import { playStory } from '../cli/demo/story.ts';
import { type BillingPeriod, closedPeriods } from '../domain/billing-period.ts';
import { monthlyBillingWorkflowId } from '../domain/monthly-close.ts';
import type { Log } from '../stack/log.ts';
import { listWorkerVersions, makeCurrent, type WorkerVersionStatus } from '../worker/worker-versions.ts';
import { Load, type LoadFigures } from './load.ts';
import type { ReplaceableProcess } from './replaceable-process.ts';
import { onTopology, type Topology } from './topology.ts';

/** How large the drill is, and who hears of it. The more customers, the longer the close that the upgrade comes into. */
export interface DrillOptions {
  /** Of the close that is measured. */
  readonly customers: number;
  readonly progress: Log;
  /** Each line that a part prints. */
  readonly log: Log;
}

/** What the drill has measured; it throws where something was not as it must be. */
export interface DrillFigures {
  readonly machine: Machine;
  readonly options: { readonly customers: number; readonly apis: number; readonly workers: number };
  readonly startSeconds: number;
  /** A customer's whole life: `npm run demo`'s story. */
  readonly mainJobSeconds: number;
  readonly close: CloseFigures;
  readonly rollingRestart: LoadFigures & {
    readonly seconds: number;
    /** Until each had ended in good order. */
    readonly stopMs: Readonly<Record<string, number>>;
    readonly webhooks: WebhookFigures;
    /** By the port of each. */
    readonly answeredByApi: Readonly<Record<string, number>>;
  };
  readonly upgrade: {
    /** Of the workers that worked on it. */
    readonly closeVersions: readonly string[];
    readonly newCustomerVersions: readonly string[];
    readonly oldVersion: WorkerVersionStatus | 'unknown';
    readonly load: LoadFigures;
  };
}

interface CloseFigures {
  readonly seconds: number;
  readonly customersPerSecond: number;
  readonly invoices: number;
  readonly cents: number;
}

interface WebhookFigures {
  readonly delivered: number;
  /** First tries that were not answered with a 2xx. */
  readonly failed: number;
}

const APIS = 2;
const WORKERS = 3;
const [FIRST_BUILD, SECOND_BUILD] = ['v1', 'v2'];
/** A process that comes back works for so long before the next one goes. */
const BETWEEN_RESTARTS_MS = 3_000;

/** Plays on the production topology what production has to stand. */
export async function runDrill(options: DrillOptions): Promise<DrillFigures> {
  const { customers, progress, log } = options;
  const machine = thisMachine();
  const since = performance.now();
  return await onTopology(
    { apis: APIS, workers: WORKERS, buildId: FIRST_BUILD, progress, log },
    async (topology) => {
      const startSeconds = secondsSince(since);
      await using service = reachStack(topology.file, topology.dataConverter);
      const drill = new Drill(topology, service, progress);
      const [closed, upgraded, told] = closedPeriods(new Date(), 3);
      if (upgraded === undefined || closed === undefined || told === undefined) throw new Error('no months');
      progress('the main job: a customer from sign-up to a paid bill');
      const mainJobSeconds = await drill.mainJob(told);
      progress(`a close of ${customers} customers`);
      const close = await drill.close(closed, customers);
      progress('a rolling restart of each process under load');
      const rollingRestart = await drill.rollingRestart();
      progress('an upgrade of the workers while a close and customers are at work');
      const upgrade = await drill.upgrade(upgraded, customers);
      return {
        machine,
        options: { customers, apis: APIS, workers: WORKERS },
        startSeconds,
        mainJobSeconds,
        close,
        rollingRestart,
        upgrade,
      };
    },
  );
}

class Drill {
  readonly #topology: Topology;
  readonly #service: RunningBilling;
  readonly #progress: Log;
  readonly #population: ClosePopulation;

  constructor(topology: Topology, service: RunningBilling, progress: Log) {
    this.#topology = topology;
    this.#service = service;
    this.#progress = progress;
    this.#population = new ClosePopulation(service.db, service.stripe.live);
  }

  async mainJob(period: BillingPeriod): Promise<number> {
    const since = performance.now();
    const { file } = this.#topology;
    const { temporal, stripe, simulator } = this.#service;
    await playStory({ stack: file, simulator, temporal, stripe: stripe.live }, period);
    return secondsSince(since);
  }

  async close(period: BillingPeriod, customers: number): Promise<CloseFigures> {
    const totalCents = await this.#population.use(period, customers);
    const since = performance.now();
    await reportOf(await startClose(this.#service.temporal, { mode: 'live', period }));
    const seconds = secondsSince(since);
    await this.#population.checkInvoices(period, customers);
    return { seconds, customersPerSecond: customers / seconds, invoices: customers, cents: totalCents };
  }

  async rollingRestart(): Promise<DrillFigures['rollingRestart']> {
    const { apis, workers, loadBalancer } = this.#topology;
    const before = await this.#failedWebhooks();
    const since = performance.now();
    const load = await Load.start(this.#service);
    const stopMs: Record<string, number> = {};
    for (const process of [...apis, ...workers]) {
      this.#progress(`${process.name} is replaced`);
      stopMs[process.name] = await process.stop();
      await process.start();
      await sleep(BETWEEN_RESTARTS_MS);
    }
    const figures = await load.stop();
    const after = await this.#failedWebhooks();
    const result = {
      ...figures,
      seconds: secondsSince(since),
      stopMs,
      webhooks: { delivered: after.delivered - before.delivered, failed: after.failed - before.failed },
      answeredByApi: Object.fromEntries(loadBalancer?.answered ?? []),
    };
    refuse('requests failed in a rolling restart', result.failures);
    if (result.webhooks.failed > 0) refuse('webhooks failed in a rolling restart', after.examples);
    return result;
  }

  async upgrade(period: BillingPeriod, customers: number): Promise<DrillFigures['upgrade']> {
    const { temporal } = this.#service;
    const { workers } = this.#topology;
    await this.#population.use(period, customers);
    const load = await Load.start(this.#service);
    const close = await startClose(temporal, { mode: 'live', period });
    const report = reportOf(close);
    await this.#someInvoices(period, customers / 10);

    const renewed = await this.#topology.startWorkers(WORKERS, SECOND_BUILD);
    await makeCurrent(temporal, SECOND_BUILD);
    this.#progress(`${SECOND_BUILD} is current; the close goes on with ${FIRST_BUILD}`);
    await report;
    await this.#population.checkInvoices(period, customers);
    const closeVersions = await this.#versionsOf([monthlyBillingWorkflowId('live', period)]);
    if (closeVersions.join() !== FIRST_BUILD)
      throw new Error(`A close that began with ${FIRST_BUILD} was worked on by ${closeVersions.join(', ')}`);

    // Customers go on with the new version, so the old workers can go when the close has ended.
    this.#progress(`the workers of ${FIRST_BUILD} go`);
    for (const worker of workers) await worker.stop();
    const figures = await load.stop();
    refuse('requests failed in an upgrade', figures.failures);
    const newCustomerVersions = await this.#versionsOf(await this.#lastCustomers());
    if (!newCustomerVersions.includes(SECOND_BUILD))
      throw new Error(`Nobody is served by ${SECOND_BUILD}: ${newCustomerVersions.join(', ')}`);
    const versions = await listWorkerVersions(temporal);
    const oldStatus = versions.find(({ buildId }) => buildId === FIRST_BUILD)?.status;
    await stopAll(renewed);
    return {
      closeVersions,
      newCustomerVersions,
      oldVersion: oldStatus ?? 'unknown',
      load: figures,
    };
  }

  async #someInvoices(period: BillingPeriod, enough: number): Promise<void> {
    await eventually(
      'the first invoices',
      async () => {
        const { rows } = await sql<{ count: number }>`
          SELECT count(*) FROM bills WHERE period = ${period} AND stripe_invoice_id IS NOT NULL`.execute(
          this.#service.db,
        );
        return rows[0]?.count ?? 0;
      },
      (count) => count >= enough,
    );
  }

  /** The customers' workflows that began last. */
  async #lastCustomers(): Promise<string[]> {
    const ids: string[] = [];
    for await (const { workflowId } of this.#service.temporal.workflow.list({
      query: 'WorkflowType = "customerBillingWorkflow" AND BillingMode = "test"',
    })) {
      ids.push(workflowId);
      if (ids.length === 5) break;
    }
    return ids;
  }

  async #versionsOf(workflowIds: readonly string[]): Promise<string[]> {
    const versions = new Set<string>();
    for (const workflowId of workflowIds) {
      const { events } = await this.#service.temporal.workflow.getHandle(workflowId).fetchHistory();
      for (const event of events ?? []) {
        const buildId = event.workflowTaskCompletedEventAttributes?.deploymentVersion?.buildId;
        if (buildId) versions.add(buildId);
      }
    }
    return [...versions].toSorted();
  }

  async #failedWebhooks(): Promise<WebhookFigures & { readonly examples: readonly string[] }> {
    const all = await deliveries(this.#service);
    const failed = all.filter(({ attempts }) => attempts[0] !== undefined && attempts[0].status !== 200);
    return {
      delivered: all.length,
      failed: failed.length,
      examples: failed
        .slice(-3)
        .map(({ eventType, attempts }) => `${eventType}: ${JSON.stringify(attempts[0])}`),
    };
  }
}

async function stopAll(processes: readonly ReplaceableProcess[]): Promise<void> {
  for (const process of processes) await process.stop();
}

function refuse(what: string, failures: readonly string[]): void {
  if (failures.length === 0) return;
  throw new Error(`${failures.length} ${what}:\n${failures.slice(0, 5).join('\n')}`);
}

const secondsSince = (since: number) => (performance.now() - since) / 1_000;
