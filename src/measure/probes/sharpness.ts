// Sharpness: the largest eigenvalues of the loss Hessian, tracked from reading to reading, with the residual as error bar.
import { preconditioned } from "../../curvature/preconditioned";
import type { LinearOperator } from "../../curvature/operator";
import type { Flattest } from "../../stability/judge";
import { meanGrowth } from "../../stability/response";
import { meanLimit } from "../../stability/thresholds";
import { dot } from "../../util/linalg/vector";
import { shareOf } from "../budget";
import { roundingOf } from "../evaluation";
import { stateless, type Descent, type Nearby } from "../point";
import { cutShort, Readings, type Probe, type Task } from "../probe";
import { curvatureErrors, reach } from "../sampling";

const defaults = { top: 1, tolerance: 1e-3 };
/** Relative error of the preconditioned sharpness a verdict rests on. */
const closingTolerance = 1e-3;

/**
 * Residual of λmin, in units of the spectrum's width λmax − λmin: what is smaller takes thousands of steps to show. Where products cost
 * little it is smaller, so that two eigenvalues close together at the edge are told apart: a search that ends before it has told them
 * apart may sit on the wrong one, with an error bar that knows of no other.
 */
const flattestTolerance = (size: number): number => (size <= 10_000 ? 3e-6 : 3e-5);

/** Largest η of the full-batch condition. A preconditioned reading holds the weight decay of the gradient already. */
function meanLimitOf(sharp: number, preconditionedSharp: number | null, descent: Descent): number {
  return preconditionedSharp === null
    ? meanLimit(sharp, descent)
    : meanLimit(preconditionedSharp, { ...descent, weightDecay: 0 });
}

/** A relative error of the sharpness is one of its limit. A search that knows no bar leaves the limit without one. */
function limitError(
  limit: number,
  { value, error }: { readonly value: number; readonly error: number },
): number {
  if (error === Infinity) return Infinity;
  return Number.isFinite(limit) ? (limit * error) / Math.abs(value) : 0;
}

/** The largest eigenvalues of H. */
async function hessianReadings(task: Task, read: Readings) {
  const { point, probes, memory, budget } = task;
  const { top, tolerance } = probes.sharpness ?? defaults;
  const tracker = memory.tracker("hessian", { size: point.size, top, tolerance });
  const found = await tracker.measure(point.hessian(), shareOf(budget, 0.5).over);
  const { errors: own, vectors, cut } = found;
  // Across the point's own parameters there are eigenvalues 0.
  const values = found.values.map((value) => (point.unseen ? Math.max(value, 0) : value));
  const rounding = await roundingOf(task, {
    value: values[0],
    vector: vectors.at(0),
    at: (there, v) => there.hessianAlong(v),
  });
  const errors = own.map((error) => error + rounding);
  const sampling = await curvatureErrors(point, vectors);
  read.lap();
  const way = { how: "estimate", method: "Lanczos on the full Hessian" } as const;
  const { error } = read.add("sharpness", values[0], { ...way, error: errors[0], sampling: sampling[0] });
  read.add("eigenvalues", values, { ...way, error: errors, sampling });
  return { value: values[0], error: error as number, cut };
}

/**
 * λmax(P^{-1/2}(H + cI)P^{-1/2}), what the stability of a preconditioned optimizer depends on; null for the others.
 * @source Cohen et al. 2022, §2; c is the weight decay that enters the gradient.
 */
async function preconditionedReadings(task: Task, read: Readings) {
  const { point, probes, effort, memory, budget } = task;
  const { preconditioner, weightDecay } = point.descent;
  if (preconditioner === null) return null;
  const tolerance = effort === "closing" ? closingTolerance : (probes.sharpness ?? defaults).tolerance;
  const tracker = memory.tracker("preconditioned", { size: point.size, top: 1, tolerance });
  const operator = preconditioned(point.hessian(), preconditioner, weightDecay);
  const { values, errors, vectors, cut } = await tracker.measure(operator, shareOf(budget, 0.5).over);
  const at = preconditionedAlong(preconditioner, weightDecay);
  const rounding = await roundingOf(task, { value: values[0], vector: vectors.at(0), at });
  const [sampling] = await curvatureErrors(point, inTheta(vectors, preconditioner));
  read.lap();
  const { error } = read.add("preconditionedSharpness", values[0], {
    how: "estimate",
    method: "Lanczos on P^-½ H P^-½",
    error: errors[0] + rounding,
    sampling,
  });
  return { value: values[0], error: error as number, cut };
}

/** P^{-1/2}v of vectors in the coordinates P^{1/2}θ. */
const inTheta = (vectors: readonly Float32Array[], P: Float32Array): Float32Array[] =>
  vectors.map((v) => v.map((x, i) => x / Math.sqrt(P[i])));

/** vᵀP^{-1/2}(H + cI)P^{-1/2}v at another θ. */
const preconditionedAlong =
  (P: Float32Array, weightDecay = 0) =>
  async (there: Nearby, v: Float32Array): Promise<number> => {
    const [w] = inTheta([v], P);
    return (await there.hessianAlong(w)) + weightDecay * dot(w, w);
  };

/** σI − A: its largest eigenvalue is σ less A's smallest, and its scale the width of A's spectrum. */
const below = (op: LinearOperator, sigma: number): LinearOperator => ({
  size: op.size,
  async apply(v, out) {
    await op.apply(v, out);
    for (let i = 0; i < out.length; i++) out[i] = sigma * v[i] - out[i];
  },
});

/** An operator whose largest eigenvalue is `most`, and what it is along a vector at another θ. */
interface Searched {
  readonly operator: LinearOperator;
  readonly along: (there: Nearby, v: Float32Array) => Promise<number>;
  readonly most: number;
}

/** λmin of an operator, its error without that of sampling. Costs as much as the search for the largest. */
async function smallest(
  task: Task,
  name: string,
  { operator, along, most }: Searched,
): Promise<{ value: number; error: number; cut: boolean; vectors: readonly Float32Array[] }> {
  const { point, memory, budget } = task;
  const tracker = memory.tracker(name, {
    size: point.size,
    top: 1,
    tolerance: flattestTolerance(point.size),
  });
  const sigma = Math.max(0, most);
  const op = below(operator, sigma);
  const { values, errors, vectors, cut } = await tracker.measure(op, shareOf(budget, 0.5).over);
  const value = sigma - values[0];
  const rounding = await roundingOf(task, { value, vector: vectors.at(0), at: along });
  return { value: point.unseen ? Math.min(value, 0) : value, error: errors[0] + rounding, cut, vectors };
}

/** λmin(H), and the most negative curvature that the optimizer's own dynamics see, with the growth along it. */
async function flattestReadings(
  task: Task,
  most: { readonly own: number; readonly scaled: number | null },
  read: Readings,
): Promise<{ flattest?: Flattest; cut: boolean }> {
  const { point } = task;
  const { preconditioner, weightDecay, ...rest } = point.descent;
  const found = await smallest(task, "hessian.min", {
    operator: point.hessian(),
    along: (there, v) => there.hessianAlong(v),
    most: most.own,
  });
  const [sampling] = await curvatureErrors(point, found.vectors);
  read.lap();
  const { error } = read.add("eigenvalue.min", found.value, {
    how: "estimate",
    method: "Lanczos on the full Hessian, shifted",
    error: found.error,
    sampling,
  });
  const own = { ...found, error: error as number };
  // Up the slope a curvature below zero acts as another: what SAM makes of a saddle is not known.
  if (stateless(point.descent) || point.descent.radius !== undefined) return { cut: own.cut };
  const growthAt = (value: number, decay?: number): number =>
    meanGrowth(Float64Array.of(value), { ...rest, weightDecay: decay, p: 0 });
  if (preconditioner === null) {
    const value = own.value + (weightDecay ?? 0);
    return { flattest: { value, error: own.error, growth: growthAt(own.value, weightDecay) }, cut: own.cut };
  }
  const scaled = await smallest(task, "preconditioned.min", {
    operator: preconditioned(point.hessian(), preconditioner, weightDecay),
    along: preconditionedAlong(preconditioner, weightDecay),
    most: most.scaled ?? 0,
  });
  const [spread] = await curvatureErrors(point, inTheta(scaled.vectors, preconditioner));
  const { value, cut } = scaled;
  return {
    flattest: { value, error: Math.hypot(scaled.error, reach * spread), growth: growthAt(value) },
    cut: cut || own.cut,
  };
}

export const sharpness: Probe = {
  id: "sharpness",
  label: "Sharpness",
  cost: "1–4 Hessian products when warm, 10–30 at the first reading; as many again when preconditioned",
  spec: {
    markdownDescription:
      "Top eigenvalues of the Hessian of the training loss, with an error bar. Sharpness is λmax(H), in loss/θ².",
    properties: {
      every: { $ref: "#/definitions/every", default: 10 },
      top: {
        type: "integer",
        minimum: 1,
        maximum: 100,
        default: 2,
        description: "How many eigenvalues, largest first.",
      },
      tolerance: {
        $ref: "#/definitions/tolerance",
        default: 0.001,
        description: "Relative accuracy: stop when ‖Hv − λv‖ ≤ tolerance·λ.",
      },
      min: {
        type: "boolean",
        default: false,
        description:
          "Whether the smallest eigenvalue is read too, at twice the cost: below zero the loss falls on both sides.",
      },
    },
  },
  needs: [],
  ofEigenvalues: true,
  metrics: [],
  async measure(task) {
    const read = new Readings(task.point);
    const own = await hessianReadings(task, read);
    // A limit without the optimizer's state would be the limit of another optimizer.
    const unknown = task.effort === "closing" && stateless(task.point.descent);
    const scaled = unknown ? null : await preconditionedReadings(task, read);
    const limit = meanLimitOf(own.value, scaled?.value ?? null, task.point.descent);
    const decisive = scaled ?? own;
    if (!unknown)
      read.add("stability.meanLimit", limit, {
        how: "estimate",
        method: `from the ${scaled ? "preconditioned " : ""}sharpness`,
        error: limitError(limit, decisive),
        sampling: 0,
      });
    const searches = { sharpness: own.cut, "preconditioned sharpness": scaled?.cut ?? false };
    const wanted = task.effort === "closing" || task.probes.sharpness?.min === true;
    if (!wanted) return { readings: read.list, leftOut: cutShort(searches) };
    if (task.budget.over())
      return { readings: read.list, leftOut: [...cutShort(searches), "the smallest eigenvalue"] };
    const most = { own: own.value, scaled: scaled?.value ?? null };
    const { flattest, cut } = await flattestReadings(task, most, read);
    return {
      readings: read.list,
      facts: flattest && { flattest },
      leftOut: cutShort({ ...searches, "the smallest eigenvalue": cut }),
    };
  },
};
