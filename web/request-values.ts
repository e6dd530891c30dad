import type { Request } from 'express';
import { MODES, type Mode } from '../domain/mode.ts';

/** `?mode=`, which `ModeSwitch` links to; live unless it says otherwise. */
export function modeOfQuery(request: Request): Mode {
  return MODES.find((mode) => mode === textOfQuery(request, 'mode')) ?? 'live';
}

/** Where the browser has our pages, such as `https://billing.example`, as it says itself. */
export function originOf({ protocol, host }: Request): string {
  return `${protocol}://${host}`;
}

/** A parameter of the query, trimmed; `''` when it is absent or there twice. */
export function textOfQuery({ query }: Request, name: string): string {
  return textIn(query, name).trim();
}

/** A field of the form that was sent, as it was typed; `''` when it is absent or there twice. */
export function fieldOf(request: Request, name: string): string {
  const body: unknown = request.body;
  return textIn(body, name);
}

/** All values of a field that may be there several times, such as ticked boxes. */
export function fieldsOf(request: Request, name: string): readonly string[] {
  const body: unknown = request.body;
  const value = valueIn(body, name);
  return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string');
}

function textIn(values: unknown, name: string): string {
  const value = valueIn(values, name);
  return typeof value === 'string' ? value : '';
}

function valueIn(values: unknown, name: string): unknown {
  if (typeof values !== 'object' || values === null) return undefined;
  return Object.entries(values).find(([key]) => key === name)?.[1];
}
