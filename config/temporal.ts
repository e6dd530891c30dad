import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import type { EnvironmentVariables } from './environment.ts';

/** How to reach Temporal: address, TLS, API key and namespace. */
export interface TemporalConfig {
  readonly connectionOptions: ClientConnectConfig['connectionOptions'];
  readonly namespace: string;
}

/**
 * Reads Temporal's own environment variables (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS_…`)
 * and configuration file (`TEMPORAL_CONFIG_FILE`, `TEMPORAL_PROFILE`), as every Temporal tool does.
 *
 * @returns `null` when neither names an address.
 */
export function loadTemporalConfig(variables: EnvironmentVariables): TemporalConfig | null {
  const given = Object.entries(variables).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  );
  const profile = variables['TEMPORAL_PROFILE'];
  const { connectionOptions, namespace } = loadClientConnectConfig({
    overrideEnvVars: Object.fromEntries(given),
    ...(profile === undefined || profile === '' ? {} : { profile }),
  });
  if (connectionOptions.address === undefined) return null;
  return { connectionOptions, namespace: namespace ?? 'default' };
}
