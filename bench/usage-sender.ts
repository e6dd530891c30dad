import { Agent, request } from 'node:http';
import type { StackFile } from '../config/stack-file.ts';
import { MAX_BATCH_SIZE } from '../domain/usage-event.ts';

/**
 * Sends batches of usage as a host product does, over connections that stay open. With node:http, because the sender has
 * its processor from those that are measured, and this takes a quarter of what `fetch` does.
 */
export class UsageSender {
  private readonly url: string;
  private readonly apiKey: string;
  private readonly agent = new Agent({ keepAlive: true });

  constructor({ apiUrl, apiKey }: StackFile) {
    this.url = `${apiUrl}/api/usage-events`;
    this.apiKey = apiKey;
  }

  /** @throws Error unless every event of the body was new and taken. */
  async send(body: Buffer): Promise<void> {
    const answer = await this.post(body);
    if (answer.status !== 200 || acceptedOf(answer.text) !== MAX_BATCH_SIZE)
      throw new Error(`A batch was answered with ${answer.status}: ${answer.text.slice(0, 500)}`);
  }

  close(): void {
    this.agent.destroy();
  }

  private post(body: Buffer): Promise<{ readonly status: number | undefined; readonly text: string }> {
    const headers = {
      authorization: `Bearer ${this.apiKey}`,
      'content-type': 'application/json',
      'content-length': body.length,
    };
    return new Promise((resolve, reject) => {
      const outgoing = request(this.url, { method: 'POST', agent: this.agent, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('end', () => resolve({ status: response.statusCode, text }));
        response.once('error', reject);
      });
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  }
}

function acceptedOf(text: string): unknown {
  const answer: unknown = JSON.parse(text);
  return typeof answer === 'object' && answer !== null && 'accepted' in answer ? answer.accepted : undefined;
}
