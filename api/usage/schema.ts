import { Big } from 'big.js';
import { z } from 'zod';
import { type DecimalString, withoutNeedlessZeros } from '../../domain/money.ts';
import { METERED_PRODUCTS } from '../../domain/price-list.ts';
import {
  MAX_BATCH_SIZE,
  MAX_QUANTITY,
  MAX_QUANTITY_DECIMALS,
  problemOf,
  USAGE_EVENT_REJECTION_CODES,
  type UsageEvent,
  type UsageEventProblem,
} from '../../domain/usage-event.ts';
import { firstProblem, lineOfText, userIdSchema } from '../validation.ts';

const DECIMAL = new RegExp(`^(0|[1-9]\\d*)(\\.\\d{1,${MAX_QUANTITY_DECIMALS}})?$`);
const QUANTITY_RULE = `must be a decimal from 0 to ${MAX_QUANTITY} with at most ${MAX_QUANTITY_DECIMALS} decimals, such as "0.25"; a number of more than 15 digits or with an exponent must be sent as a string`;

/** A decimal, as text or as a JSON number that a double holds exactly; read as {@link DecimalString} without needless zeros. */
const quantitySchema = z
  .union([z.string().regex(DECIMAL), z.number().nonnegative()], QUANTITY_RULE)
  .transform((value, context) => {
    const decimal = typeof value === 'string' ? withoutNeedlessZeros(value) : new Big(value).toFixed();
    if (DECIMAL.test(decimal) && isInBounds(decimal)) return decimal;
    context.addIssue(QUANTITY_RULE);
    return z.NEVER;
  });

/** By the number of its digits, where that tells. */
function isInBounds(decimal: DecimalString): boolean {
  const wholeDigits = decimal.split('.', 1)[0]?.length ?? 0;
  return wholeDigits < MAX_QUANTITY.length || new Big(decimal).lte(MAX_QUANTITY);
}

const eventShape = {
  id: lineOfText(128).meta({ description: 'Yours: the same id is the same event, however often it is sent' }),
  userId: userIdSchema,
  product: z.enum(METERED_PRODUCTS, `must be one of ${METERED_PRODUCTS.join(', ')}`),
  quantity: quantitySchema,
  occurredAt: z.iso.datetime({
    offset: true,
    error: 'must be an instant in ISO 8601 with its zone, such as 2026-10-31T23:59:59.999Z',
  }),
  resourceId: lineOfText(128)
    .optional()
    .meta({ description: 'Which disk: for storage_gb_month, and only there' }),
};

/** One event, by itself: what {@link problemOf} and the database object to is not in it. */
const usageEventSchema = z.strictObject(eventShape, 'must be an object').transform(
  (event): UsageEvent => ({
    id: event.id,
    userId: event.userId,
    product: event.product,
    quantity: event.quantity,
    occurredAt: new Date(event.occurredAt),
    resourceId: event.resourceId ?? null,
  }),
);

const batchOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ events: z.array(item).min(1, 'must not be empty').max(MAX_BATCH_SIZE) });

/** Body of `POST /api/usage-events`, for its description. */
export const usageBatchSchema = batchOf(usageEventSchema).meta({ id: 'UsageBatch' });
/** The same as it is read: one bad event must not cost the others, so each is read by itself. */
export const usageEnvelopeSchema = batchOf(z.unknown());

/** Answer of `POST /api/usage-events`. */
export const usageAnswerSchema = z
  .strictObject({
    accepted: z.int().nonnegative(),
    duplicates: z.int().nonnegative(),
    rejected: z.array(
      z.strictObject({
        index: z.int().nonnegative(),
        id: z.string().nullable(),
        code: z.enum(USAGE_EVENT_REJECTION_CODES),
        message: z.string(),
      }),
    ),
  })
  .meta({ id: 'UsageAnswer' });

const CODE_OF_FIELD: Readonly<Record<keyof typeof eventShape, UsageEventProblem['code']>> = {
  id: 'invalid_id',
  userId: 'invalid_user_id',
  product: 'unknown_product',
  quantity: 'invalid_quantity',
  occurredAt: 'invalid_occurred_at',
  resourceId: 'invalid_resource_id',
};

/** Reads one item of a batch: the event, or what is wrong with it. */
export function readUsageEvent(
  item: unknown,
  now: Date,
): { readonly event: UsageEvent } | { readonly problem: UsageEventProblem } {
  const result = usageEventSchema.safeParse(item);
  if (result.success) {
    const problem = problemOf(result.data, now);
    return problem === null ? { event: result.data } : { problem };
  }
  const { param, message } = firstProblem(result.error, 'event');
  const code = isField(param) ? CODE_OF_FIELD[param] : 'invalid_event';
  return { problem: { code, message: `${param}: ${message}` } };
}

/** The id of an item that may be anything, as far as it has one. */
export function idOfItem(item: unknown): string | null {
  const id = typeof item === 'object' && item !== null && 'id' in item ? item.id : null;
  return typeof id === 'string' ? id.slice(0, 128) : null;
}

function isField(name: string): name is keyof typeof eventShape {
  return Object.hasOwn(eventShape, name);
}
