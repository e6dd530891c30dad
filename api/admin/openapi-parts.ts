import type { ZodOpenApiOperationObject } from 'zod-openapi';
import type { ErrorCode } from '../errors.ts';
import { errors, OF_ADMIN, OF_JSON_BODIES } from '../openapi/answers.ts';

/** What every route of the admin may answer besides. */
const OF_ADMINS = ['not_found', ...OF_ADMIN] as const satisfies ErrorCode[];
/** What a route that takes a decision to a workflow may answer besides. */
export const OF_DECISIONS = [
  ...OF_JSON_BODIES,
  'decision_refused',
  'temporal_unavailable',
  'worker_unavailable',
  'workflow_ended',
] as const satisfies ErrorCode[];

/** What only the admin may ask for. @param tag under which it is listed. */
export function adminOperation(
  operation: Pick<ZodOpenApiOperationObject, 'operationId' | 'summary' | 'description'> & {
    readonly requestParams?: ZodOpenApiOperationObject['requestParams'];
    readonly requestBody?: ZodOpenApiOperationObject['requestBody'];
    readonly responses: NonNullable<ZodOpenApiOperationObject['responses']>;
  },
  codes: readonly ErrorCode[],
  tag: 'Administration' | 'Test billing' = 'Administration',
): ZodOpenApiOperationObject {
  const { requestParams, requestBody, responses, ...described } = operation;
  return {
    ...described,
    tags: [tag],
    security: [{ adminPassword: [] }],
    ...(requestParams === undefined ? {} : { requestParams }),
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: { ...errors(...OF_ADMINS, ...codes), ...responses },
  };
}
