import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { codecPaths } from './codec/openapi.ts';
import { customerPaths } from './customers/openapi.ts';
import { eventPaths } from './events/openapi.ts';
import { healthPaths } from './health/openapi.ts';
import { monthPaths } from './months/openapi.ts';
import { testBillingPaths } from './test-billing/openapi.ts';

/** What operators do, for the OpenAPI document. */
export const adminPaths: ZodOpenApiPathsObject = {
  ...customerPaths,
  ...monthPaths,
  ...eventPaths,
  ...healthPaths,
  ...codecPaths,
  ...testBillingPaths,
};
