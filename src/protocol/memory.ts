// Memory budgets as an experiment writes them, "2GB".

const units: Readonly<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9 };

/** Bytes of a budget that the schema has let through; runs from before there was one have none. */
export function memoryBytes(text = "4GB"): number {
  const [, number, unit] = /^([\d.]+) ?([KMG]B)$/.exec(text) ?? [];
  return Number(number) * units[unit];
}
