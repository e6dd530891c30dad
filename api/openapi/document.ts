import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi';
import packageFile from '../../package.json' with { type: 'json' };
import { adminPaths } from '../admin/openapi.ts';
import { ERROR_STATUS } from '../errors.ts';
import { operationsPaths } from '../operations-openapi.ts';
import { usagePaths } from '../usage/openapi.ts';
import { userPaths } from '../users/openapi.ts';
import { webhookPaths } from '../webhooks/openapi.ts';
import { HEADERS } from './headers.ts';

/** What `/openapi.json` answers, and `/docs` shows. */
export type OpenApiDocument = ReturnType<typeof createDocument>;

const DESCRIPTION = `Usage in, exact money out. Your backend registers its users, reports what they use, and asks what they may do and what they owe.

**Keys.** An API key reaches one of Stripe's worlds, live or test; \`npm run billing -- create-api-key NAME\` makes one. A key that is revoked is refused within 5 seconds.

**Sending again** is safe: a user, by their id; a usage event, by its id; a Checkout session, by \`Idempotency-Key\`. After a 5xx or no answer, do so.

**Amounts** are whole cents. **Quantities** and unit prices are decimals in a string. **Times** are ISO 8601 in UTC; a month is \`YYYY-MM\` of UTC.

**Errors** are \`{"error": {"code", "message", "param"?}}\`. Codes never change; messages may. A path that is not here is a 404 \`not_found\`, a method that is not a 405 \`method_not_allowed\`; what is too long or too slow to be read is a 414 \`uri_too_long\`, a 431 \`headers_too_large\` or a 408 \`request_timeout\`. All codes:

${codesByStatus()}`;

const PATHS: ZodOpenApiPathsObject = {
  ...userPaths,
  ...usagePaths,
  ...webhookPaths,
  ...adminPaths,
  ...operationsPaths,
};

/** Describes the api in OpenAPI 3.1, with the schemas that requests are read by. */
export function describeApi(): OpenApiDocument {
  return createDocument({
    openapi: '3.1.1',
    info: { title: 'Durable Billing', version: packageFile.version, description: DESCRIPTION },
    // Relative to the document's own address, so that it holds behind a proxy too.
    servers: [{ url: '.' }],
    security: [{ apiKey: [] }],
    tags: [
      { name: 'Users', description: 'Who they are, whether they have access, and what they owe' },
      { name: 'Usage', description: 'What they use' },
      { name: 'Test billing', description: 'For admins: purchases with test cards, and what came of them' },
      { name: 'Webhooks', description: 'Where Stripe delivers' },
      { name: 'Administration', description: 'What operators see and decide' },
      { name: 'Operations', description: 'For load balancers, Prometheus and readers' },
    ],
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'Your API key; it decides the mode' },
        adminPassword: { type: 'http', scheme: 'bearer', description: "The admin's password" },
      },
      headers: HEADERS,
    },
    paths: PATHS,
  });
}

/** A line for each status. */
function codesByStatus(): string {
  const statuses = [...new Set(Object.values(ERROR_STATUS))].toSorted((a, b) => a - b);
  const lines = statuses.map((status) => {
    const codes = Object.entries(ERROR_STATUS).filter(([, other]) => other === status);
    return `- ${status}: ${codes.map(([code]) => `\`${code}\``).join(', ')}`;
  });
  return lines.join('\n');
}
