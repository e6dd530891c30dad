import type { Connection } from '@temporalio/client';

/** The types a search attribute can have, with Temporal's numbers for them. */
export const SEARCH_ATTRIBUTE_TYPE_NUMBERS = {
  Text: 1,
  Keyword: 2,
  Int: 3,
  Double: 4,
  Bool: 5,
  Datetime: 6,
  KeywordList: 7,
} as const;

/** One of these types, by its name in Temporal's Web UI and CLI. */
export type SearchAttributeType = keyof typeof SEARCH_ATTRIBUTE_TYPE_NUMBERS;

/** Names and types: `{BillingStatus: 'Keyword'}`. */
export type SearchAttributes = Readonly<Record<string, SearchAttributeType>>;

/**
 * Registers the search attributes a namespace lacks. The development server takes them as options too, but heeds
 * them only when it creates the namespace, not on a database file that was made by an earlier version of ours.
 */
export async function ensureSearchAttributes(
  connection: Connection,
  namespace: string,
  wanted: SearchAttributes,
): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(wanted).filter(([name]) => customAttributes[name] === undefined);
  if (missing.length === 0) return;
  const searchAttributes = Object.fromEntries(
    missing.map(([name, type]) => [name, SEARCH_ATTRIBUTE_TYPE_NUMBERS[type]]),
  );
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
}
