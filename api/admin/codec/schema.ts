import { z } from 'zod';

const base64 = z.base64('must be base64');

/** As protobuf's JSON has them: https://docs.temporal.io/production-deployment/data-encryption#codec-server-setup */
export const payloadsSchema = z
  .object({
    payloads: z.array(
      z.object({
        metadata: z.record(z.string(), base64).optional(),
        data: base64.optional(),
      }),
    ),
  })
  .meta({ id: 'Payloads', description: "Temporal's payloads: bytes are base64" });

/** {@link payloadsSchema} */
export type PayloadsJson = z.output<typeof payloadsSchema>;
