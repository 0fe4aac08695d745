// The edges of a band as wide as a reading's error bar.
import type { Column } from "../../src/record/column";
import { mapped } from "../../src/record/mapped";

/** Readings plus and minus their error bars; those without one, or an infinite one, are edges themselves. */
export function errorBand(main: Column, error: Column): { upper: Column; lower: Column } {
  const barAt = (step: number): number => {
    const bar = error.at(step) ?? 0;
    return Number.isFinite(bar) ? bar : 0;
  };
  return {
    upper: mapped(main, "upper", (value, step) => value + barAt(step)),
    lower: mapped(main, "lower", (value, step) => value - barAt(step)),
  };
}
