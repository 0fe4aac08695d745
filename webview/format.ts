// Numbers, durations and states in words, as the panel shows them. Pure.
import { num, tick } from "../src/util/numberText";

export { num, tick };

/** The value of a metric: near 1 the growth per step is news in how far it is from 1, "1 − 4e−8". */
export const metricNum = (name: string, x: number): string =>
  name === "stability.growth" && x !== 1 && Math.abs(x - 1) < 1e-3
    ? `1 ${x < 1 ? "−" : "+"} ${num(Math.abs(x - 1))}`
    : num(x);

export const count = (x: number): string => Math.round(x).toLocaleString("en-US");

/** "1 h 5 min", "2 min 10 s", "12 s", "0.4 s". */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
