import { readdir, readFile } from 'node:fs/promises';
import type { WorkflowHandle } from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto';

const { History } = proto.temporal.api.history.v1;
/** A workflow's history as Temporal's protocol has it. */
export type History = temporal.api.history.v1.IHistory;

const FOLDER = new URL('histories/', import.meta.url);

/** The types of the activities that a workflow has scheduled, in order. */
export async function activitiesOf(handle: Pick<WorkflowHandle, 'fetchHistory'>): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
  );
}

/** Names of the recorded histories. */
export async function recordedHistories(): Promise<string[]> {
  return (await readdir(FOLDER)).map((file) => file.replace(/\.json$/, '')).toSorted();
}

/** Where a recorded history is, or is to be put. */
export function historyFile(name: string): URL {
  return new URL(`${name}.json`, FOLDER);
}

/** A recorded history. @throws Error when there is none of that name. */
export async function readHistory(name: string): Promise<History> {
  return historyOf(await readFile(historyFile(name), 'utf8'));
}

// By the message type's own methods: `historyToJSON` and `historyFromJSON` of @temporalio/common throw "type must be a Type"
// wherever npm installs protobufjs twice, once for it and once for @temporalio/proto.
/** A history from JSON as {@link jsonOf} writes it. */
export function historyOf(json: string): History {
  return History.fromObject(JSON.parse(json) as History);
}

/** A history as it is committed: enums by name, and numbers of 64 bits as text. */
export function jsonOf(history: History): string {
  const plain = History.toObject(History.fromObject(history), {
    bytes: String,
    longs: String,
    enums: String,
  });
  return JSON.stringify(plain, null, 2);
}
