/** The value in the middle; of an even number of them, the greater of the two. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The median of one figure of all that was measured. */
export function medianOf<Measured>(
  measured: readonly Measured[],
  figure: (each: Measured) => number,
): number {
  return median(measured.map(figure));
}

/** The value that `share` of all are not above: 0.95 for the 95th percentile. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Of values in the order of time, those of the first third of it; of few, a third rounded up. */
export function firstThird<Value>(values: readonly Value[]): Value[] {
  return values.slice(0, Math.ceil(values.length / 3));
}

/** Those of the last third of the time; a third is rounded up here too. */
export function lastThird<Value>(values: readonly Value[]): Value[] {
  return values.slice(-Math.ceil(values.length / 3));
}

/** By how much y grows when x grows by one, as the straight line through all points says (least squares). */
export function slope(points: readonly { readonly x: number; readonly y: number }[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const meanX = mean(points.map(({ x }) => x));
  const meanY = mean(points.map(({ y }) => y));
  return (
    mean(points.map(({ x, y }) => (x - meanX) * (y - meanY))) / mean(points.map(({ x }) => (x - meanX) ** 2))
  );
}
