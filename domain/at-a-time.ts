/**
 * Works on all items, `count` of them at the same time, in their order: each worker takes the next one when it is done.
 *
 * @param work gets the worker's number too, from 0.
 */
export async function atATime<Item>(
  count: number,
  items: readonly Item[],
  work: (item: Item, worker: number) => Promise<unknown>,
): Promise<void> {
  const waiting = items.values();
  const workInTurn = async (worker: number): Promise<void> => {
    for (const item of waiting) await work(item, worker);
  };
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, (_, worker) => workInTurn(worker)));
}
