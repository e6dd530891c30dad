import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Nothing comes from elsewhere, and nothing is inline: what somebody else's text smuggles into a page does nothing there. */
export const pageHeaders: RequestHandler = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      // The icons in Pico's style sheet are `data:`.
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
    },
  },
  // Temporal's and Stripe's pages, to which there are links, hear nothing; and forms of ours still say that they are ours.
  referrerPolicy: { policy: 'same-origin' },
  // Whether there is https at all is for the proxy in front to say, and to promise.
  strictTransportSecurity: false,
  xFrameOptions: { action: 'deny' },
});
