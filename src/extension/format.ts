// Numbers and run states as the editor shows them. Pure.

/** At most four significant digits, without trailing zeros: 0.0312, 3.98, 1.2e-7. */
export function shortNumber(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "NaN" : x > 0 ? "∞" : "−∞";
  return String(Number(x.toPrecision(4)));
}

/** The value rounded down to three significant digits: a limit must not be rounded up across itself. */
export function roundedDown(x: number): number {
  if (!(x > 0) || !Number.isFinite(x)) return x;
  const unit = 10 ** (Math.floor(Math.log10(x)) - 2);
  const down = Number((Math.floor(x / unit) * unit).toPrecision(3));
  return down > x ? Number((down - unit).toPrecision(3)) : down;
}

/**
 * Text with words from files, where VS Code would see more in it: a notification makes links of `[…](command:…)`, which run any
 * command, and a status bar item icons of `$(…)`. A word joiner, which nobody sees, stands in between.
 */
export const plain = (text: string): string => text.replace(/(?<=[\]$])\(/g, "\u2060(");
