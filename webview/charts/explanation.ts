// What happened at a spike of the loss: the parameters that the eigenvector lies in, and the examples that drive the run along it, as bars.
import { explanationLines } from "../../src/record/explanation";
import type { Explanation } from "../../src/types/explanation";
import type { ColorName, Theme } from "../theme";
import { num } from "../format";
import type { CanvasChart } from "./chart";

/** Rows of each half that have room, and the size of one in CSS pixels. */
const [rows, rowHeight, top] = [7, 20, 24];
const gap = 8;

interface Row {
  readonly label: string;
  readonly bars: readonly { readonly share: number; readonly color: ColorName }[];
}

export const explanation: CanvasChart = {
  kind: "canvas",
  id: "explanation",
  group: "stability",
  title: "What happened at the spike",
  about:
    "Where the loss jumped, the parameters moved along an eigenvector of the Hessian. On the left the parameters it lies in, by their share of its squared length; on the right the training examples that drive it, counted from 0: their share of the curvature along it, and of the gradient.",
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
    drawRows(paint, { left: 4, right: half - gap }, "parameters", parameterRows(told));
    drawRows(
      paint,
      { left: half + gap, right: width - 4 },
      "examples: curvature, gradient",
      exampleRows(told),
    );
  },
};

const parameterRows = ({ parameters }: Explanation): Row[] =>
  parameters.map(({ name, share }) => ({ label: name, bars: [{ share, color: "blue" }] }));

const exampleRows = ({ examples }: Explanation): Row[] =>
  examples.map(({ example, curvature, gradient }) => ({
    label: String(example),
    bars: [
      { share: curvature, color: "purple" },
      { share: Math.abs(gradient), color: "orange" },
    ],
  }));

/** A column of labelled bars between two places; a bar as long as the room for it stands for all. */
function drawRows(
  { context, theme }: { readonly context: CanvasRenderingContext2D; readonly theme: Theme },
  { left, right }: { readonly left: number; readonly right: number },
  title: string,
  all: readonly Row[],
): void {
  const start = left + (right - left) * 0.4;
  context.font = theme.font;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = theme.color("muted");
  context.fillText(title, left, 10, right - left);
  all.slice(0, rows).forEach(({ label, bars }, i) => {
    const y = top + i * rowHeight;
    context.fillStyle = theme.color("foreground");
    context.fillText(label, left, y + rowHeight / 2, start - left - gap);
    const height = (rowHeight - 6) / bars.length;
    bars.forEach(({ share, color }, k) => {
      const length = Number.isFinite(share) ? Math.max(1, Math.min(1, share) * (right - start)) : 0;
      context.fillStyle = theme.color(color);
      context.fillRect(start, y + 3 + k * height, length, Math.max(1, height - 1));
    });
  });
}
