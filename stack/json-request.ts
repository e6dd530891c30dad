/** Whoever was asked refused it. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  /** Of the answer. */
  readonly status: number;

  constructor(what: string, status: number, answer: string) {
    super(`${what} answered ${status}: ${answer}`);
    this.status = status;
  }
}

/**
 * Sends JSON, and reads JSON. Who asks checks what they use of the answer.
 *
 * @throws RefusedError on any answer but a 2xx, with what the answer said.
 */
export async function requestJson<Answer>(
  method: string,
  url: string,
  {
    body,
    headers = {},
  }: { readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new RefusedError(`${method} ${url}`, response.status, text);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(text) as Answer;
}
