// An explanation of a spike as the record has it: its door, and its words.
import { riseOf } from "../stability/spike";
import type { Explanation } from "../types/explanation";
import { num } from "../util/numberText";
import { isRaw, numberOr, text, type Raw } from "./decode";

/** Null for what is none. */
export function decodeExplanation(raw: unknown): Explanation | null {
  if (!isRaw(raw) || !isRaw(raw.spike)) return null;
  const { spike } = raw;
  const directions = rows(raw.directions, (one) => ({
    eigenvalue: numberOr(one.eigenvalue, NaN),
    error: numberOr(one.error, NaN),
    share: numberOr(one.share, NaN),
  }));
  const direction = numberOr(raw.direction, 0);
  if (directions[direction] === undefined) return null;
  return {
    spike: {
      from: numberOr(spike.from, NaN),
      peak: numberOr(spike.peak, NaN),
      loss: numberOr(spike.loss, NaN),
      peakLoss: numberOr(spike.peakLoss, NaN),
    },
    directions,
    direction,
    preconditioned: raw.preconditioned === true,
    limit: numberOr(raw.limit, NaN),
    parameters: rows(raw.parameters, (one) => ({
      name: text(one.name) ?? "",
      share: numberOr(one.share, NaN),
    })),
    examples: rows(raw.examples, (one) => ({
      example: numberOr(one.example, NaN),
      gradient: numberOr(one.gradient, NaN),
      curvature: numberOr(one.curvature, NaN),
    })),
    of: numberOr(raw.of, NaN),
  };
}

const rows = <Row>(raw: unknown, row: (one: Raw) => Row): Row[] =>
  Array.isArray(raw) ? raw.filter(isRaw).map(row) : [];

const percent = (share: number): string =>
  Math.abs(share) < 0.0095 ? "less than 1 %" : `${num(Math.round(100 * share))} %`;

/** How far the loss rose, and where, for a cell of a table. */
export const spikeWords = (explanation: Explanation | undefined): string =>
  explanation ? `× ${num(riseOf(explanation.spike))} at step ${explanation.spike.peak}` : "–";

/** What happened, a sentence each. */
export function explanationLines(explanation: Explanation): string[] {
  const { spike, directions, direction, preconditioned, limit, parameters, examples, of } = explanation;
  const { eigenvalue, share } = directions[direction];
  const rose = Number.isFinite(spike.peakLoss)
    ? `rose from ${num(spike.loss)} to ${num(spike.peakLoss)}`
    : `rose from ${num(spike.loss)} out of the range of numbers`;
  const matrix = preconditioned ? "the preconditioned Hessian" : "the Hessian";
  const known = Number.isFinite(limit) && Number.isFinite(eigenvalue);
  const against = known
    ? `${num(eigenvalue)}, ${eigenvalue > limit ? "above" : "below"} its limit ${num(limit)}`
    : num(eigenvalue);
  const within = known && directions.every((one) => one.eigenvalue + one.error < limit);
  const tensors = parameters.slice(0, 3).map((one) => `${one.name} ${percent(one.share)}`);
  const named = examples
    .slice(0, 3)
    .map(
      ({ example, curvature, gradient }) =>
        `${example} (${percent(curvature)} of the curvature, ${percent(gradient)} of the gradient)`,
    );
  return [
    `The loss ${rose} between steps ${spike.from} and ${spike.peak}.`,
    `It moved along eigenvector ${direction + 1} of ${matrix}: eigenvalue ${against}; ${percent(share)} of the squared displacement.`,
    ...(within
      ? [
          "No eigenvalue found there was above its limit: the curvature alone does not explain the rise; noise of the batches, momentum or the slope itself began it.",
        ]
      : []),
    ...(tensors.length > 0 ? [`That eigenvector lies in ${tensors.join(", ")}.`] : []),
    ...(named.length > 0 ? [`Along it, of ${of} examples, most comes from ${named.join(", ")}.`] : []),
  ];
}
