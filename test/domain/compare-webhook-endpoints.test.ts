import { describe, expect, it } from 'vitest';
import { compareWebhookEndpoints } from '../../domain/compare-webhook-endpoints.ts';
import { WEBHOOK_PATHS, wantedEventTypes } from '../../domain/stripe-event.ts';
import { summaryOf } from './compared-fixtures.ts';

describe('webhook endpoints', () => {
  const url = `https://billing.example${WEBHOOK_PATHS.test}`;
  const endpoint = {
    id: 'we_1',
    url,
    isEnabled: true,
    eventTypes: wantedEventTypes('test') as readonly string[],
  };
  const compare = (changes: object) => compareWebhookEndpoints([{ ...endpoint, ...changes }], 'test');

  it('are enabled, and ask for all that takes effect', () => {
    expect(compare({})).toEqual([]);
    expect(compare({ eventTypes: ['*'] })).toEqual([]);
    const [drift] = compare({ eventTypes: endpoint.eventTypes.filter((type) => type !== 'invoice.paid') });
    expect(drift?.finding).toMatchObject({
      code: 'webhook_endpoint_types',
      objectId: 'we_1',
      fix: 'proposed',
    });
    expect(drift?.finding.proposal).toMatch(/: invoice\.paid\.$/);
  });

  it('that are disabled, or lead elsewhere, say how to mend it', () => {
    expect(compare({ isEnabled: false })[0]?.finding).toMatchObject({ code: 'webhook_endpoint_disabled' });
    expect(summaryOf(compare({ url: `https://billing.example${WEBHOOK_PATHS.live}` }))).toEqual([
      'webhook_endpoint_missing proposed by hand',
    ]);
  });

  it('one of two that is enabled is enough', () => {
    expect(
      compareWebhookEndpoints([endpoint, { ...endpoint, id: 'we_2', isEnabled: false }], 'test'),
    ).toEqual([]);
  });
});
