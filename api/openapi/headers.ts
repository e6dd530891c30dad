/** The headers of answers, as components of the document. */
export const HEADERS = {
  'X-Request-Id': {
    description:
      "The request's id in the log: yours, if you sent one of up to 128 characters A-Z a-z 0-9 _ . : -",
    required: true,
    schema: { type: 'string' },
    example: '0b9d1c0e-6c62-4f43-8a5b-0f7a3d5f6a11',
  },
  'Retry-After': {
    description: 'Seconds until trying again may help',
    required: true,
    schema: { type: 'integer', minimum: 0 },
    example: 5,
  },
  'WWW-Authenticate': { required: true, schema: { const: 'Bearer' }, example: 'Bearer' },
  RateLimit: {
    description:
      'What is left: `r` requests in the next `t` seconds (draft-ietf-httpapi-ratelimit-headers-08). Absent where nothing is limited',
    schema: { type: 'string' },
    example: '"100-in-1sec"; r=99; t=1',
  },
  'RateLimit-Policy': {
    description: 'The limit: `q` requests in `w` seconds. Absent where nothing is limited',
    schema: { type: 'string' },
    example: '"100-in-1sec"; q=100; w=1; pk=:MDRiYzMxNzVmOWQ4:',
  },
} as const;

/** References to these headers, for one answer. */
export function headers(...names: (keyof typeof HEADERS)[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
