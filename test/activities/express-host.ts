import express, { type RequestHandler } from 'express';
import { Webhook } from 'standardwebhooks';

type Save = (id: string, message: unknown) => Promise<void>;

/** Gives `save` what Durable Billing has signed with `secret`. */
export function billingMessages(secret: string, save: Save): RequestHandler[] {
  const webhook = new Webhook(secret);
  const handle: RequestHandler = async (request, response) => {
    let message: unknown;
    try {
      message = webhook.verify(request.body as Buffer, request.headers as Record<string, string>);
    } catch {
      response.sendStatus(400);
      return;
    }
    await save(String(request.headers['webhook-id']), message);
    response.sendStatus(204);
  };
  // Not express.json(): the signature is over the body as it came.
  return [express.raw({ type: 'application/json' }), handle];
}
