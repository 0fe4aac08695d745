// Where a log axis has its lines. Our own: uPlot's needs a range that starts at a power of ten and never returns from others. Pure.

/**
 * Lines between two positive numbers, ascending: powers of ten over many decades, 1-2-5 over few, even steps within half of one.
 * None where there is no such range: a diverged run has readings at 0 and infinity.
 */
export function logSplits(min: number, max: number): number[] {
  if (!(min > 0 && max > min && Number.isFinite(max))) return [];
  const decades = Math.log10(max / min);
  if (decades < 0.5) return evenSplits(min, max);
  const stride = Math.max(1, Math.ceil(decades / 6));
  const leads = decades > 3 ? [1] : decades > 1 ? [1, 2, 5] : [1, 1.5, 2, 3, 5, 7];
  const splits: number[] = [];
  for (let e = Math.floor(Math.log10(min)); e <= Math.ceil(Math.log10(max)); e++)
    if (e % stride === 0) splits.push(...leads.map((lead) => Number(`${lead}e${e}`)));
  return splits.filter((x) => x >= min && x <= max);
}

function evenSplits(min: number, max: number): number[] {
  const rough = (max - min) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough >= 5 * power ? 5 : rough >= 2 * power ? 2 : 1);
  const first = Math.ceil(min / step);
  const last = Math.floor(max / step);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}
