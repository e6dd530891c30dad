import { Agent } from 'node:http';
import type { StackFile } from '../config/stack-file.ts';
import { MAX_BATCH_SIZE } from '../domain/usage-event.ts';
import { leanPost } from './lean-post.ts';

/** Sends batches of usage as a host product does, over connections that stay open. */
export class UsageSender {
  readonly #url: string;
  readonly #apiKey: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor({ apiUrl, apiKey }: StackFile) {
    this.#url = `${apiUrl}/api/usage-events`;
    this.#apiKey = apiKey;
  }

  /** @throws Error unless every event of the body was new and taken. */
  async send(body: Buffer): Promise<void> {
    const answer = await leanPost(this.#url, this.#agent, body, {
      authorization: `Bearer ${this.#apiKey}`,
      'content-type': 'application/json',
    });
    if (answer.status !== 200 || acceptedOf(answer.text) !== MAX_BATCH_SIZE)
      throw new Error(`A batch was answered with ${answer.status}: ${answer.text.slice(0, 500)}`);
  }

  close(): void {
    this.#agent.destroy();
  }
}

function acceptedOf(text: string): unknown {
  const answer: unknown = JSON.parse(text);
  return typeof answer === 'object' && answer !== null && 'accepted' in answer ? answer.accepted : undefined;
}
