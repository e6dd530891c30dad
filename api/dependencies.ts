import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { AccountConfig, AdminConfig } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Mode } from '../domain/mode.ts';
import type { OutlierRule } from '../domain/outlier.ts';
import type { PayloadKey } from '../temporal/payload-codec.ts';

/** All that the api needs of the world. It reads no environment and opens no connection of its own. */
export interface ApiDependencies {
  readonly db: Database;
  readonly temporal: Client;
  /** Decrypt what Temporal's Web UI shows (`api/admin/codec/`); absent, or empty: payloads are not encrypted. */
  readonly payloadKeys?: readonly PayloadKey[];
  /** Signing secrets (`whsec_…`) of each mode's endpoint; several while one is being rotated, none for a mode that is not set up. */
  readonly webhookSecrets: Readonly<Record<Mode, readonly string[]>>;
  /** The admin's part: its pages and routes; `null`: there is no way in. */
  readonly admin: AdminConfig | null;
  /** The account page; `null`: there is none. */
  readonly account: AccountConfig | null;
  readonly log: Logger;
  /** Takes the api's metrics, and is what `/metrics` shows. */
  readonly metrics: Registry;
  /** What one API key may send per second to this process; 0, or absent: any number. */
  readonly requestsPerSecond?: number;
  /** What one visitor of the pages may send per minute to this process; 0, or absent: any number. */
  readonly pageRequestsPerMinute?: number;
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  /** Where Temporal's Web UI is, for links to it; absent, or `null`, when that is not known. */
  readonly temporalUiUrl?: string | null;
  /** Which bills a close would hold, for previews; absent, or `null`: none. */
  readonly holdOutliers?: OutlierRule | null;
  /** The clock, for tests. */
  readonly now?: () => Date;
}
