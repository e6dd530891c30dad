/** The oracle's own calendar: UTC, Gregorian, counted out day by day. Months are named `YYYY-MM`. */

const DAY_MS = 86_400_000;

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Milliseconds from the first instant of 1970 to that of the day. */
function dayStartMs(year: number, month: number, day: number): number {
  let days = day - 1;
  for (let each = 1970; each < year; each += 1) days += isLeapYear(each) ? 366 : 365;
  for (let each = 1; each < month; each += 1) days += daysOfMonth(year, each);
  return days * DAY_MS;
}

function split(month: string): readonly [year: number, month: number] {
  const [year, monthOfYear] = month.split('-').map(Number);
  if (year === undefined || monthOfYear === undefined) throw new SyntaxError(`"${month}" is no month`);
  return [year, monthOfYear];
}

/** First instant of the month, in milliseconds since 1970. */
export function monthStartMs(month: string): number {
  return dayStartMs(...split(month), 1);
}

/** First instant after the month. */
export function monthEndMs(month: string): number {
  return monthStartMs(monthAfter(month));
}

/** The month that the instant is in. */
export function monthOf(ms: number): string {
  let days = Math.floor(ms / DAY_MS);
  let year = 1970;
  for (; days >= (isLeapYear(year) ? 366 : 365); year += 1) days -= isLeapYear(year) ? 366 : 365;
  let month = 1;
  for (; days >= daysOfMonth(year, month); month += 1) days -= daysOfMonth(year, month);
  return nameOf(year, month);
}

/** The month that follows, also over the end of a year. */
export function monthAfter(month: string): string {
  const [year, monthOfYear] = split(month);
  return monthOfYear === 12 ? nameOf(year + 1, 1) : nameOf(year, monthOfYear + 1);
}

/** Every month from `first` to `last`, both included. */
export function monthsFrom(first: string, last: string): string[] {
  const months: string[] = [];
  for (let month = first; month <= last; month = monthAfter(month)) months.push(month);
  return months;
}

function nameOf(year: number, month: number): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}`;
}

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{3}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/**
 * Reads `2024-02-29T23:59:59.999Z`, or the same in another zone (`…+05:30`), as milliseconds since 1970.
 *
 * @throws SyntaxError when it is no instant.
 */
export function instantMs(text: string): number {
  const match = INSTANT.exec(text);
  if (match === null) throw new SyntaxError(`"${text}" is no instant`);
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0, ms = 0] = match
    .slice(1, 8)
    .map((digits) => Number(digits ?? '0'));
  const aheadMinutes = Number(`${match[8] ?? '+'}1`) * (Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0));
  const ofDay = ((hours * 60 + minutes - aheadMinutes) * 60 + seconds) * 1_000 + ms;
  return dayStartMs(year, month, day) + ofDay;
}
