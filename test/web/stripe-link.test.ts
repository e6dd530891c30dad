import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { expect, test } from 'vitest';
import { StripeLink } from '../../web/components/stripe-link.tsx';

const link = (href: string | null) =>
  renderToString(h(StripeLink, { href, otherwise: 'none', children: 'Pay now' }));

test('a link leads to an address of the web, and nowhere else', () => {
  expect(link('https://invoice.stripe.com/i/1')).toBe('<a href="https://invoice.stripe.com/i/1">Pay now</a>');
  expect(link(null)).toBe('none');
  expect(link('javascript:alert(1)')).toBe('none');
});
