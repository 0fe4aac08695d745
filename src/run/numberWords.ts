// Numbers in a verdict's sentences.

/** Four digits. */
export const fmt = (x: number): string => (Number.isFinite(x) ? String(Number(x.toPrecision(4))) : String(x));
