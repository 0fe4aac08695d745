// One colour a run, wherever runs are drawn together: ten hues that tell apart, also for the colour-blind, then the same dashed. Pure.

const hues = [
  "#1f77b4",
  "#e8710a",
  "#2a9134",
  "#d62728",
  "#8e5bc0",
  "#8c564b",
  "#d1579f",
  "#7a7a7a",
  "#9a9a1e",
  "#10a4b3",
] as const;

export interface RunColor {
  readonly color: `#${string}`;
  readonly dashed: boolean;
}

/** The colour of the i-th run of a comparison. */
export const runColor = (i: number): RunColor => ({
  color: hues[i % hues.length],
  dashed: i % (2 * hues.length) >= hues.length,
});
