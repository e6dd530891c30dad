import { loadServiceConfig } from '../../config/config.ts';
import { ConfigurationError } from '../../config/environment.ts';

/** The variables without which no part of the service starts. */
export const parts = {
  DATABASE_URL: 'postgres://user:hunter2@localhost/billing',
  TEMPORAL_ADDRESS: 'localhost:7233',
};

/** What is complained of in these variables; nothing, if they will do. */
export function problemsOf(variables: Record<string, string>): readonly string[] {
  try {
    loadServiceConfig(variables);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}
