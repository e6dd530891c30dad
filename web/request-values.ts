import type { Request } from 'express';
import { MODES, type Mode } from '../domain/mode.ts';

/** `?mode=`, which `ModeSwitch` links to; live unless it says otherwise. */
export function modeOfQuery(request: Request): Mode {
  return MODES.find((mode) => mode === textOfQuery(request, 'mode')) ?? 'live';
}

/** A part of the path that its route calls so. */
export function textOfPath({ params }: Request, name: string): string {
  return textIn(params, name);
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
  return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string').map(withoutNul);
}

function textIn(values: unknown, name: string): string {
  const value = valueIn(values, name);
  return typeof value === 'string' ? withoutNul(value) : '';
}

/** Nobody types it, and PostgreSQL has no text with it. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '');
}

function valueIn(values: unknown, name: string): unknown {
  if (typeof values !== 'object' || values === null) return undefined;
  return Object.entries(values).find(([key]) => key === name)?.[1];
}
