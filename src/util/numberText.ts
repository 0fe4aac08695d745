// Numbers in few characters, with a true minus sign. Pure.

/** At most four significant digits; powers of ten beyond 1e5 and below 1e-3. */
export function num(x: number | null | undefined): string {
  if (x === null || x === undefined) return "–";
  if (Number.isNaN(x)) return "NaN";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e5 || size < 1e-3)
    return x.toExponential(2).replace("e+", "e").replace("-", "−").replace("e-", "e−");
  return String(Number(x.toPrecision(4))).replace("-", "−");
}

/** Short numbers for an axis. */
export function tick(x: number): string {
  if (x === 0) return "0";
  const size = Math.abs(x);
  const text =
    size >= 1e4 || size < 1e-3
      ? Number(x.toPrecision(3)).toExponential().replace("e+", "e")
      : String(Number(x.toPrecision(6)));
  return text.replaceAll("-", "−");
}
