/** What the workflows of docs/operations.md do, in the order in which it was done. */
export function exampleActivities(done: string[]) {
  const step = (name: string) => async () => {
    await Promise.resolve(done.push(name));
  };
  return { look: step('look'), tellHost: step('tellHost'), save: step('save') };
}

/** What the example's workflows know of them. */
export type ExampleActivities = ReturnType<typeof exampleActivities>;
