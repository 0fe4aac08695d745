// One colour a run, wherever runs are drawn together: ten hues that tell apart, also for the colour-blind, then the same dashed. Pure.

const hues = [
  "#1f77b4",
  "#dd660a",
  "#2a9134",
  "#d62728",
  "#8e5bc0",
  "#8c564b",
  "#d1579f",
  "#7a7a7a",
  "#8d8d12",
  "#0b8f9e",
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

/** Share of white that lifts a hue off a dark background. */
const lift = 0.35;

/** The colour of the i-th run where the background is known: before a dark one the same hue, lighter. */
export function runColorOn(i: number, background: "dark" | "light"): RunColor {
  const { color, dashed } = runColor(i);
  if (background === "light") return { color, dashed };
  const parts = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  const lifted = parts.map((part) =>
    Math.round(part + lift * (255 - part))
      .toString(16)
      .padStart(2, "0"),
  );
  return { color: `#${lifted.join("")}`, dashed };
}
