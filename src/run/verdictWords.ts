// A verdict in words: its summary, the numbers behind it, the evidence it rests on.
import { interpolatedBelow, isInterpolated } from "../measure/minimum";
import { stateless } from "../measure/point";
import { kinkWords } from "../protocol/kinks";
import type { Decision } from "../stability/judge";
import { hoveringOf, recentReturns } from "../stability/hovering";
import { sharpnessLimit } from "../stability/thresholds";
import type { Bracket } from "../types/bracket";
import type { JudgedReading } from "../types/verdict";
import { boundOf, named, noiseless, rateOf, type Judged } from "./judge";
import { fmt } from "./numberWords";
import { comesBack, typicalReason, typicalSentence } from "./typicalWords";

/** Progress of one more step relative to the loss, η‖∇L‖²/L, below which a point counts as a minimum. */
const stillBelow = 1e-3;

const missingState =
  "The optimizer's state is missing: its preconditioner is made of the running mean of squared gradients, and without it there is no limit to compare the learning rate with. Give a checkpoint of a run, or the state as `--optimizer-state`.";

/** What the optimizer adds to the assumptions. */
function optimizerEvidence(judged: Judged): string[] {
  const { experiment, closing } = judged;
  const { schedule, clip, weightDecay } = experiment.optimizer;
  const lines: string[] = [];
  if (closing && closing.descent.preconditioner)
    lines.push(
      closing.descent.settled
        ? "The preconditioner P is held fixed at its value here; sharpness is that of P^-½ H P^-½."
        : missingState,
    );
  if (closing?.facts.sample !== undefined) lines.push(closing.facts.sample);
  const { radius } = closing?.descent ?? {};
  if (radius !== undefined)
    lines.push(
      Number.isNaN(radius)
        ? 'With SAM on mini-batches every batch has a slope of its own: no limit is known. It is with "batchSize": "full".'
        : `SAM takes its gradient ${fmt(radius)} up the slope, where a curvature λ acts as λ(1 + ${fmt(radius)}λ/‖∇L‖): its limit is that at the slope found here, ‖∇L‖ = ${fmt(closing!.minimum.gradNorm)}. Where λmin is below zero, what SAM makes of it is not known: no saddle is told.`,
    );
  if (closing?.facts.statistics !== undefined) lines.push(closing.facts.statistics);
  if (closing?.facts.noVariance !== undefined) lines.push(closing.facts.noVariance);
  if (weightDecay)
    lines.push("Weight decay is part of the dynamics judged: it adds to the curvature of every direction.");
  if (schedule) lines.push("The learning rate judged is the one its schedule has reached at this step.");
  if (clip !== undefined)
    lines.push("Gradient clipping is left out: near a minimum gradients are shorter than it allows.");
  return lines;
}

/** How the batches are drawn beside how the limits take them to be drawn (theory.md, section 5). */
function samplingEvidence(judged: Judged): string[] {
  const { sampling, labelNoise = 0 } = judged.experiment.optimizer;
  const drawn =
    sampling === "independent"
      ? "Batches are drawn anew at every step, as the mean-square limit takes them to be."
      : "Batches are drawn as epochs, each example once an epoch; the mean-square limit takes every batch to be drawn anew.";
  return [
    ...(noiseless(judged) ? [] : [drawn]),
    ...(labelNoise > 0
      ? [
          `Fresh label noise of deviation ${fmt(labelNoise)} disturbs every step; the limits are those of the targets without it.`,
        ]
      : []),
  ];
}

export function describeMinimum(judged: Judged): {
  atMinimum: boolean;
  /** Whether the gradient is negligible beside the curvature: what tells a saddle from a slope. */
  gradientVanishes: boolean;
  why: string;
} {
  const { closing, initialLoss, diverged } = judged;
  if (!closing || diverged)
    return { gradientVanishes: false, atMinimum: false, why: "The run diverged; it reached no minimum." };
  const point = closing.minimum;
  // Without a gradient nothing changes, also where there is no loss left to divide by.
  const progress = point.gradNorm === 0 ? 0 : (rateOf(judged) * point.slope) / point.loss;
  const still = progress <= stillBelow || point.loss === 0;
  // At a saddle it is the curvature that drives the run away and not the gradient, also over the time that takes.
  const { flattest } = closing.facts;
  const leaving = flattest && flattest.growth > 1 ? Math.max(1, 1 / Math.log(flattest.growth)) : 1;
  const interpolated = isInterpolated(point.loss, initialLoss, point.interpolationResidual);
  const change = Number.isNaN(progress)
    ? "How much one more step would change the loss is not known"
    : point.loss === 0
      ? "The training loss is 0: no step changes it"
      : `To first order one more step would change the loss by ${fmt(100 * progress)} %`;
  const why =
    `${change} (a minimum: at most ${fmt(100 * stillBelow)} %); ` +
    `training loss ${fmt(point.loss)}${Number.isFinite(initialLoss) ? ` of ${fmt(initialLoss)} at the start` : ""} ` +
    `(interpolated: at most ${fmt(100 * interpolatedBelow)} %).`;
  return { atMinimum: still && interpolated, gradientVanishes: progress * leaving <= stillBelow, why };
}

/** Why a verdict is provisional. */
const awayWords = ({ closing }: Judged): string =>
  closing?.minimum.gradNorm === 0
    ? " The gradient is zero here but the training examples are not fitted, so this is provisional."
    : " The run had not settled at a minimum, so this is provisional.";

/** Null where every unit gives something, or there is none that could be switched off. */
function deadWords({ closing }: Judged): string | null {
  const { dead = 0, of = 0 } = closing?.facts.deadUnits ?? {};
  if (dead === 0) return null;
  const units =
    dead === of ? `All ${of} ReLU units are` : `${dead} of the ${of} ReLU units ${dead === 1 ? "is" : "are"}`;
  return `${units} dead: 0 for every training example, so that nothing before them learns.`;
}

/** Bounded by nothing, a learning rate is no share of anything. */
const flatWords = (judged: Judged, where: string, eta: string): string =>
  [
    `Stable: the loss does not curve upwards in any direction at ${where}, so no learning rate is too large, ${eta} neither.`,
    deadWords(judged),
  ]
    .filter((words) => words !== null)
    .join(" ");

/** One sentence a newcomer understands. */
export function summaryOf(
  judged: Judged,
  { verdict, binding, limit }: Pick<Decision, "verdict" | "binding" | "limit">,
  atMinimum: boolean,
): string {
  const { step, divergedAt, loss, initialLoss } = judged;
  const readings = named(judged);
  const rate = rateOf(judged);
  const eta = fmt(rate);
  const most = limit === null ? "" : fmt(limit);
  const percent = limit === null ? NaN : (100 * rate) / limit;
  // Whole percents, but never "0 %".
  const share =
    limit === null ? "" : `${percent >= 1 ? Math.round(percent) : Number(percent.toPrecision(2))} %`;
  const where = atMinimum ? "this minimum" : "this point";
  const away = atMinimum ? "" : awayWords(judged);
  const own = readings.preconditionedSharpness;
  const sharpness = own ? "preconditioned sharpness" : "sharpness";
  const cause = binding === "variance" ? "the noise of its batches" : `its ${sharpness}`;
  switch (verdict) {
    case "diverged":
      return (
        `Diverged at step ${divergedAt ?? step}: learning rate ${eta} drove the loss ${Number.isFinite(loss) ? `from ${fmt(initialLoss)} to ${fmt(loss)}` : "out of the range of numbers"}.` +
        (limit === null
          ? ""
          : ` At step ${step}, the last point measured, the largest stable learning rate was ${most}.`)
      );
    case "saddle":
      return `At a saddle: the gradient vanishes, but the Hessian has the eigenvalue ${value(readings.eigenvalueMin!)}, along which the loss falls on both sides. No learning rate is stable here.`;
    case "unstable-mean":
      return `Unstable: ${where} has ${sharpness} ${fmt((own ?? readings.sharpness)?.value ?? NaN)}, too sharp for learning rate ${eta}. It is stable up to ${most}.${away}`;
    case "unstable-variance": {
      const drive = comesBack(judged)
        ? `Unstable in the mean square: rare bursts of ${cause} carry it away from ${where}.`
        : `Unstable: on average the steps would hold, but ${cause} drives SGD away from ${where}.`;
      return `${drive} Learning rate ${eta} is ${share} of the largest stable value ${most}.${typicalSentence(judged, verdict)}${away}`;
    }
    case "edge": {
      const hovering = hoveringOf(judged.course);
      if (hovering)
        return `At the edge of stability: over the last ${hovering.readings} readings learning rate ${eta} crossed its limit ${hovering.crossings} times, at ${fmt(hovering.meanShare)} of it on average, while the loss did not rise.${away}`;
      if (limit !== null && Math.abs(rate / limit - 1) > 0.05)
        return `At the edge of stability: with SAM, learning rate ${eta} is beyond the limit ${most} at this slope and below ${fmt(boundOf(judged) ?? NaN)}, so the swing grows until the slope bears it, and no further.${away}`;
      return `At the edge of stability: learning rate ${eta} is within 5 % of the limit ${most} that ${cause} sets.${away}`;
    }
    case "inconclusive":
      if (judged.closing && stateless(judged.closing.descent))
        return `Inconclusive: nothing can be said for learning rate ${eta} without the optimizer's state.${away}`;
      if (judged.approximate)
        return `Inconclusive: the products behind the readings were finite differences, on which no verdict for learning rate ${eta} can rest.${away}`;
      if (returnedFrom(judged, limit))
        return `Inconclusive: learning rate ${eta} is below the limit ${most} now, but the run came back from beyond its limit ${recentReturns(judged.course)} times, the last time just before its end.${away}`;
      return limit === null || !Number.isFinite(limit) || Math.abs(rate / limit - 1) > 0.5
        ? `Inconclusive: not every limit could be measured, so nothing can be said for learning rate ${eta}.${away}`
        : `Inconclusive: learning rate ${eta} lies inside the error bar of the limit near ${most}, or not every limit could be measured.${away}`;
    case "stable":
      if (limit === Infinity) return `${flatWords(judged, where, eta)}${away}`;
      return `Stable: learning rate ${eta} is ${share} of the largest stable value ${most} at ${where}.${typicalSentence(judged, verdict)}${away}`;
  }
}

/** Whether nothing speaks against the point but what the run did before. */
const returnedFrom = (judged: Judged, limit: number | null): boolean =>
  limit !== null && rateOf(judged) <= limit && recentReturns(judged.course) > 0;

/** Over which readings a verdict averaged. */
function courseEvidence({ course }: Judged): string[] {
  const hovering = hoveringOf(course);
  if (!hovering) return [];
  const { readings, from, to, meanShare, crossings } = hovering;
  const shares = course.slice(-readings).map(({ share }) => fmt(share));
  const shown = shares.length > 20 ? [...shares.slice(0, 10), "…", ...shares.slice(-10)] : shares;
  return [
    `Hovering is judged over the last ${readings} readings, steps ${from} to ${to}: learning rate over limit ${shown.join(", ")}; mean ${fmt(meanShare)}, ${crossings} crossings of 1, the loss not risen.`,
  ];
}

/** A search that was cut short before it knew its error says no more than a bound: the value sought lies beyond what it found. */
const value = ({ value: own, error }: JudgedReading, beyond: "at least" | "at most" = "at least"): string =>
  error === Infinity
    ? `${beyond} ${fmt(own)} (the search was cut short)`
    : `${fmt(own)}${error === 0 ? "" : ` ± ${fmt(error)}`}`;

/** Near 1 it is the distance from 1 that tells: "1 − 4e-8". */
const nearOne = (rho: number): string => {
  const off = rho - 1;
  if (off === 0 || !(Math.abs(off) < 1e-3)) return fmt(rho);
  return `1 ${off < 0 ? "−" : "+"} ${fmt(Math.abs(off))}`;
};

/** From a part of the directions the growth is a bound: what was left out may decay more slowly, or grow faster. */
function growthReason({ value: rho, error }: JudgedReading, isBound: boolean): string {
  const bar = error === 0 ? "" : ` ± ${fmt(error)}`;
  const fold = rho > 1 ? `, e-fold every ${fmt(1 / Math.log(rho))} steps` : "";
  const part = isBound ? " (a bound, from a part of the directions)" : "";
  return `Growth of the mean square distance per step: ${isBound ? "at least " : ""}${nearOne(rho)}${bar}${part}${fold}.`;
}

/** The numbers behind a verdict, one line each. */
export function reasonsOf(judged: Judged): string[] {
  const { closing, loss } = judged;
  if (!closing) return [`Training loss ${fmt(loss)}; no finite point was left to measure.`];
  const {
    sharpness,
    eigenvalueMin,
    preconditionedSharpness: own,
    nonuniformity,
    growth,
    meanLimit,
  } = named(judged);
  const { descent, facts } = closing;
  // A preconditioned reading holds the weight decay of the gradient already.
  const allowed = fmt(sharpnessLimit(own ? { ...descent, weightDecay: 0 } : descent));
  const allows = `learning rate ${fmt(descent.learningRate)} allows at most ${allowed}`;
  const lines: string[] = [];
  if (sharpness && stateless(descent))
    lines.push(`Sharpness ${value(sharpness)}; what it means for this optimizer depends on its state.`);
  else if (sharpness)
    lines.push(
      own
        ? `Preconditioned sharpness ${value(own)}; ${allows}. The sharpness itself is ${value(sharpness)}.`
        : `Sharpness ${value(sharpness)}; ${allows}.`,
    );
  if (eigenvalueMin) lines.push(flattestReason(judged, eigenvalueMin));
  if (meanLimit)
    lines.push(
      `Mean limit: stable up to learning rate ${fmt(meanLimit.value)} on average, along the sharpest direction.`,
    );
  if (facts.variance) lines.push(varianceReason(judged, facts.variance));
  if (nonuniformity) lines.push(`Non-uniformity ${value(nonuniformity)}.`);
  if (growth)
    lines.push(
      growthReason(
        growth,
        closing.readings.some(({ metric, how }) => metric === "stability.growth" && how === "bound"),
      ),
    );
  for (const line of [typicalReason(judged), deadWords(judged)]) if (line !== null) lines.push(line);
  return lines;
}

/** The most negative curvature, and where it is one, what it makes of a distance. */
function flattestReason({ closing }: Judged, reading: JudgedReading): string {
  const { flattest } = closing!.facts;
  const line = `Smallest eigenvalue of the Hessian ${value(reading, "at most")}`;
  if (!flattest || !(flattest.value + flattest.error < 0) || !(flattest.growth > 1)) return `${line}.`;
  const steps = fmt(1 / Math.log(flattest.growth));
  return `${line}; along it the mean square distance grows e-fold every ${steps} steps.`;
}

function varianceReason(judged: Judged, v: Bracket): string {
  const { experiment, n } = judged;
  const { batchSize } = experiment.optimizer;
  const bracket = noiseless(judged)
    ? `${fmt(v.upper)}, from the Gauss–Newton sharpness: full batches have no sampling noise`
    : v.sampled
      ? `${fmt(v.sampled.value)} ± ${fmt(v.sampled.error)}, estimated from ${v.sampled.held} of ${v.sampled.of} examples${v.rank < v.fullRank ? ` and ${v.rank} of ${v.fullRank} directions` : ""}`
      : v.exact
        ? `${fmt(v.upper)} (exact, all ${v.rank} directions)`
        : `between ${fmt(v.lower)} and ${fmt(v.upper)} (${v.rank} of ${v.fullRank} directions; the last doubling changed it by ${fmt(100 * v.lastChange)} %)`;
  const size = batchSize === "full" ? `${n} (full)` : batchSize;
  return `Mean-square limit at batch size ${size}: ${bracket}.`;
}

/** Which matrices and assumptions a verdict rests on, and what was left out. */
export function evidenceOf(judged: Judged, { evidence }: Pick<Decision, "evidence">): string[] {
  return [
    "Sharpness and the mean limit use the full Hessian.",
    "Non-uniformity, growth, the mean-square limit and what a typical run does use Gauss–Newton factors, which equal the per-example Hessians only where the training examples are interpolated.",
    ...judged.kinks.map((kink) => kinkWords[kink]),
    ...evidence,
    ...samplingEvidence(judged),
    ...courseEvidence(judged),
    ...optimizerEvidence(judged),
    ...(judged.closing?.leftOut ?? []),
    ...(judged.initialLoss > 0 ? [] : ["The initial loss is not known."]),
  ];
}
