// What happened at a spike of the loss: the parameters that the eigenvector lies in, and the examples that drive the run along it, as bars.
import { explanationLines } from "../../src/record/explanation";
import type { Explanation } from "../../src/types/explanation";
import type { ColorName, Theme } from "../theme";
import { num } from "../format";
import type { CanvasChart } from "./chart";

/** Rows of each half that have room, and the size of one in CSS pixels. */
const [rows, rowHeight, top] = [7, 20, 30];
const gap = 8;
/** Of a half at the most for the names of its rows. */
const labelPart = 0.55;

interface Share {
  /** Negative for what pulls against the others: drawn by its size. */
  readonly share: number;
  readonly color: ColorName;
}

interface Row {
  readonly label: string;
  readonly bars: readonly Share[];
}

/** Words in colours, drawn one behind the other. */
type Heading = readonly (readonly [words: string, color: ColorName])[];

export const explanation: CanvasChart = {
  kind: "canvas",
  id: "explanation",
  group: "stability",
  title: "What happened at the spike",
  about:
    "Where the loss jumped, the parameters moved along an eigenvector of the Hessian. On the left the parameters it lies in, by their share of its squared length; on the right the training examples that drive it, counted from 0: their share of the curvature along it, and of the gradient, negative where an example pulls against the others.",
  measuredBy: "spike",
  formulas: ({ verdict }) => {
    const told = verdict?.explanation;
    return [
      [
        "eigenvector v",
        "of those of the five largest eigenvalues the one along which the displacement c raised the loss most, by λc²/2",
      ],
      ["parameters", "‖v‖² of each tensor; ‖v‖ = 1"],
      ["curvature", "vᵀGᵢGᵢᵀv over its sum, GᵢGᵢᵀ the example's Gauss–Newton matrix"],
      ["gradient", "∇Lᵢᵀv over the sum of its absolute values; shown by its size"],
      ...(told
        ? told.directions.map(
            ({ eigenvalue, error }, i) =>
              [
                `eigenvalue ${i + 1}`,
                `${num(eigenvalue)} ± ${num(error)}, at step ${told.spike.from}`,
              ] as const,
          )
        : []),
    ];
  },
  empty: () => "The loss did not jump.",
  hasData: ({ verdict }) => verdict?.explanation !== undefined,
  describe: ({ verdict }) =>
    verdict?.explanation ? explanationLines(verdict.explanation).join(" ") : "The loss did not jump.",
  draw: ({ context, width }, { verdict }, theme) => {
    const told = verdict?.explanation;
    if (!told) return;
    const half = width / 2;
    const paint = { context, theme };
    drawRows(paint, { left: 4, right: half - gap }, parameterHeading, parameterRows(told));
    drawRows(paint, { left: half + gap, right: width - 4 }, exampleHeading, exampleRows(told));
  },
};

const parameterHeading: Heading = [["parameters", "muted"]];
const exampleHeading: Heading = [
  ["examples: ", "muted"],
  ["curvature", "purple"],
  [", ", "muted"],
  ["gradient", "orange"],
];

const parameterRows = ({ parameters }: Explanation): Row[] =>
  parameters.map(({ name, share }) => ({ label: name, bars: [{ share, color: "blue" }] }));

const exampleRows = ({ examples }: Explanation): Row[] =>
  examples.map(({ example, curvature, gradient }) => ({
    label: String(example),
    bars: [
      { share: curvature, color: "purple" },
      { share: gradient, color: "orange" },
    ],
  }));

/** A column of labelled bars with their values between two places; the longest is as long as there is room. */
function drawRows(
  { context, theme }: { readonly context: CanvasRenderingContext2D; readonly theme: Theme },
  { left, right }: { readonly left: number; readonly right: number },
  heading: Heading,
  all: readonly Row[],
): void {
  const shown = all.slice(0, rows);
  const widthOf = (words: string): number => context.measureText(words).width;
  const widest = (words: readonly string[]): number => Math.max(0, ...words.map(widthOf));
  context.font = theme.font;
  context.textBaseline = "middle";
  context.textAlign = "left";
  // A narrow half draws its heading narrower, too.
  const words = heading.map(([text]) => text).join("");
  const narrow = Math.min(1, (right - left) / Math.max(1, widthOf(words)));
  let at = left;
  for (const [text, color] of heading) {
    context.fillStyle = theme.color(color);
    const width = narrow * widthOf(text);
    context.fillText(text, at, 16, width);
    at += width;
  }
  const values = shown.map(({ bars }) => percentOf(bars));
  const start = left + Math.min(widest(shown.map(({ label }) => label)), labelPart * (right - left)) + gap;
  const end = Math.max(start, right - widest(values) - gap);
  const sizes = shown.flatMap(({ bars }) => bars.map(({ share }) => Math.abs(share)));
  const largest = Math.max(Number.MIN_VALUE, ...sizes.filter(Number.isFinite));
  shown.forEach(({ label, bars }, i) => {
    const y = top + i * rowHeight;
    context.fillStyle = theme.color("foreground");
    context.fillText(ended(label, start - gap - left, widthOf), left, y + rowHeight / 2);
    context.textAlign = "right";
    context.fillText(values[i], right, y + rowHeight / 2);
    context.textAlign = "left";
    const height = (rowHeight - 6) / bars.length;
    bars.forEach(({ share, color }, k) => {
      const part = Number.isFinite(share) ? Math.abs(share) / largest : 0;
      context.fillStyle = theme.color(color);
      context.fillRect(start, y + 3 + k * height, Math.max(1, part * (end - start)), Math.max(1, height - 1));
    });
  });
}

const percentOf = (bars: readonly Share[]): string =>
  `${bars.map(({ share }) => (Number.isFinite(share) ? num(Math.round(100 * share)) : "–")).join(", ")} %`;

/** As much of a name's end as has room: the beginnings of tensors' names are the same. */
function ended(name: string, room: number, widthOf: (words: string) => number): string {
  if (widthOf(name) <= room) return name;
  let from = 1;
  while (from < name.length && widthOf(`…${name.slice(from)}`) > room) from++;
  return `…${name.slice(from)}`;
}
