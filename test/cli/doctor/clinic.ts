import { createServer } from 'node:http';
import getPort from 'get-port';
import { afterAll, beforeAll } from 'vitest';
import { createStripeClient } from '../../../activities/stripe-client.ts';
import { eventually } from '../../../chaos/world/eventually.ts';
import { examine } from '../../../cli/doctor/examine.ts';
import type { DoctorParts } from '../../../cli/doctor/parts.ts';
import { MODES } from '../../../domain/mode.ts';
import { ensureSchedules } from '../../../worker/namespace.ts';
import type { BillingService } from '../../support/billing-worker.ts';
import { startTestBilling } from '../../workflows/service.ts';

const WEBHOOK_SECRET = `whsec_${'0123456789abcdef'.repeat(2)}`;
const KEYS = { live: 'sk_live_simulator_doctor_1234', test: 'sk_test_simulator_doctor_5678' } as const;

/** Breaks something; what it returns mends it again. */
export type Breakage = () => Promise<{
  readonly parts?: Partial<DoctorParts>;
  readonly undo?: () => Promise<unknown>;
}>;

/** Something that the doctor must find. */
export interface Case {
  readonly what: string;
  readonly breaks: Breakage;
  /** What is found, and nothing else. */
  readonly finds: readonly string[];
  readonly state?: 'problem' | 'warning';
  readonly finding: RegExp;
  readonly mend: RegExp;
}

/** A service in good health for the tests of a file, and what the doctor says of it. */
export class Clinic {
  #service: BillingService | undefined;

  constructor() {
    beforeAll(async () => {
      this.#service = await startTestBilling();
      await this.service.startWorker();
      for (const mode of MODES) await ensureSchedules(this.service.temporal, mode);
    });
    afterAll(async () => await this.#service?.stop());
  }

  get service(): BillingService {
    if (this.#service === undefined) throw new Error('The service runs while tests do');
    return this.#service;
  }

  /** All that the doctor looks at, with all of it in order. */
  healthy(): DoctorParts {
    const { service } = this;
    return {
      config: {
        stripe: {
          apiBase: service.simulatorUrl,
          modes: {
            live: { secretKey: KEYS.live, webhookSecrets: [WEBHOOK_SECRET], priceIds: {} },
            test: { secretKey: KEYS.test, webhookSecrets: [WEBHOOK_SECRET], priceIds: {} },
          },
          testProductId: null,
          automaticTax: false,
          batchRequestsPerSecond: { live: 80, test: 20 },
        },
        hostHooks: { live: null, test: null },
      },
      db: service.db,
      temporal: service.temporal,
      // The shortest retention, as that of `npm start`.
      isTemporalEmbedded: true,
      stripe: service.stripe,
      apiUrl: service.apiUrl,
      nodeVersion: process.versions.node,
    };
  }

  /** With another key or webhook secret of test mode, or another Stripe behind it. */
  withTestMode({
    secretKey = KEYS.test,
    webhookSecret = WEBHOOK_SECRET,
    apiBase = this.service.simulatorUrl,
  }: {
    readonly secretKey?: string;
    readonly webhookSecret?: string;
    readonly apiBase?: string;
  }): Partial<DoctorParts> {
    const { config, stripe } = this.healthy();
    const modes = {
      ...config.stripe.modes,
      test: { secretKey, webhookSecrets: [webhookSecret], priceIds: {} },
    };
    return {
      config: { ...config, stripe: { ...config.stripe, modes } },
      stripe: { ...stripe, test: createStripeClient({ mode: 'test', secretKey, apiBase }) },
    };
  }

  /** With a host product of test mode. */
  withHook(url: string): Partial<DoctorParts> {
    const hostHooks = { live: null, test: { url, secrets: [WEBHOOK_SECRET] } };
    return { config: { ...this.healthy().config, hostHooks } };
  }

  async checksOf(parts: DoctorParts) {
    const areas = await examine(parts);
    return areas.flatMap(({ name, checks }) => checks.map((each) => ({ area: name, ...each })));
  }

  /** `price:cpu_hour test`, of all that is not in order. */
  async findingsOf(parts: DoctorParts) {
    const found = (await this.checksOf(parts)).filter(({ state }) => state !== 'ok');
    return new Map(found.map((each) => [each.mode === null ? each.id : `${each.id} ${each.mode}`, each]));
  }

  async everythingOk() {
    await eventually(
      'the worker to have asked for all kinds of work',
      () => this.findingsOf(this.healthy()),
      (found) => found.size === 0,
    );
  }
}

/** An HTTP server that answers everything with what is said. */
export async function answering(status: (path: string) => number) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.method ?? '');
    response.writeHead(status(request.url ?? '')).end('{"missing":["database"]}');
  });
  const port = await getPort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    undo: () => new Promise((resolve) => server.close(resolve)),
  };
}
