/** Under which Temporal's OpenTelemetry interceptors carry a trace, as W3C's fields in JSON. */
export const TRACE_HEADER = '_tracer-data';
/** Traces that an activity answers for beside that one: a list of the same. */
export const TRACE_LINKS_HEADER = 'billing-trace-links';
