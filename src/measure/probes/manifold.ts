// Along the manifold of minima: oscillation against drift, turning eigenvectors, and where the gradient takes the sharpness.
import type { Eigenpairs } from "../../curvature/tracker";
import { sharpnessLimit } from "../../stability/thresholds";
import { axpy, dot, norm, scale } from "../../util/linalg/vector";
import { addDrift } from "../drift";
import type { ProbeMemory } from "../memory";
import type { Point } from "../point";
import { Readings, type Probe, type Task } from "../probe";

/**
 * Displacement since the last reading split into the sharp subspace (top eigenvectors there) and its complement.
 * Orthonormal `vectors`; all [P].
 */
export function splitDisplacement(
  displacement: Float32Array,
  vectors: readonly Float32Array[],
): { sharp: number; flat: number } {
  const rest = displacement.slice();
  let sharp = 0;
  for (const v of vectors) {
    const c = dot(v, displacement);
    sharp += c * c;
    axpy(-c, v, rest);
  }
  return { sharp: Math.sqrt(sharp), flat: norm(rest) };
}

/** (1/m) ‖VᵀW‖_F² of two orthonormal sets of m vectors: 1 when they span the same space, 0 when they are orthogonal. */
export function subspaceOverlap(V: readonly Float32Array[], W: readonly Float32Array[]): number {
  const m = Math.min(V.length, W.length);
  let total = 0;
  for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) total += dot(V[i], W[j]) ** 2;
  return total / m;
}

/** A direction along which training swings: an eigenvector and its eigenvalue. */
interface Direction {
  readonly v: Float32Array;
  readonly lambda: number;
}

/** Σ vᵢ⟨vᵢ, ∇L⟩/λᵢ, how far θ stands from the middle of its swing, [P]. */
export function swingOf(directions: readonly Direction[], gradient: Float32Array): Float32Array {
  const x = new Float32Array(gradient.length);
  for (const { v, lambda } of directions) axpy(dot(v, gradient) / lambda, v, x);
  return x;
}

/**
 * With S = λ₁(H) and ⊥ the complement of the directions along which training swings: the change of S per step along the gradient,
 * −η⟨∇S, ∇L⊥⟩, and that with which the swing x drives S down, ½η⟨∇S⊥, ∇(xᵀHx)⟩, in the middle of the swing. S changes by the first
 * less the second.
 *
 * @param slopes  ∇S and, where x is not along v₁ alone, ∇(xᵀHx) at fixed x, [P].
 * @param rate    How far a lasting gradient carries θ per step: η, η/(1−β) with momentum.
 * @source Damian, Nichani & Lee, ICLR 2023, §4; Cohen et al., "Central flows", 2025; theory.md, sections 6 and 10.
 */
export function sharpnessRate(
  directions: readonly Direction[],
  gradient: Float32Array,
  slopes: { readonly own: Float32Array; readonly swing: Float32Array },
  rate: number,
): { rate: number; fall: number } {
  const across = slopes.own.slice();
  for (const { v } of directions) axpy(-dot(v, across), v, across);
  return { rate: -rate * dot(across, gradient), fall: 0.5 * rate * dot(across, slopes.swing) };
}

/** The eigenvectors come with residuals of 1 % of λ at most, and what is made of them is as good. */
const tolerance = 1e-2;
const method = "eigenvectors with residuals of at most 1 % of λ";

/** How far θ came since the last reading, along the eigenvectors there and across, and how these have turned. */
export function addMotion(
  { theta, size }: Pick<Point, "theta" | "size">,
  memory: ProbeMemory,
  vectors: readonly Float32Array[],
  read: Readings,
): void {
  const last = memory.get("theta");
  const before = [...memory.under("vector.").values()];
  // A checkpoint of another network, or one made by hand, tells nothing of a motion.
  if (last && before.length > 0 && [last, ...before].every(({ length }) => length === size)) {
    const { sharp, flat } = splitDisplacement(
      theta.map((value, i) => value - last[i]),
      before,
    );
    read.add("displacement.sharp", sharp, { how: "estimate", method });
    read.add("displacement.flat", flat, { how: "estimate", method });
    read.add("eigenvectors.overlap", subspaceOverlap(before, vectors), { how: "estimate", method });
  }
  memory.set("theta", theta);
  vectors.forEach((v, i) => memory.set(`vector.${i}`, v));
}

/** Eigenvalues above this share of the full-batch limit are at the edge: training swings along their eigenvectors. */
const atEdge = 0.95;

/** Eigenvectors along which training swings: the first one, and all at the edge. */
function swinging(
  { descent }: Point,
  { values, vectors }: Pick<Eigenpairs, "values" | "vectors">,
): Direction[] {
  // Of a preconditioned optimizer the limit is one of other eigenvalues.
  const edge = descent.preconditioner === null ? atEdge * sharpnessLimit(descent) : Infinity;
  return vectors
    .map((v, i) => ({ v, lambda: values[i] }))
    .filter(({ lambda }, i) => i === 0 || lambda >= edge);
}

/**
 * The forces on the sharpness. At the edge of stability they are read in the middle of the swing, which is that of two consecutive
 * steps: away from it the gradient is made of the swing for the most part, and so is the rate.
 */
async function addSlope(
  task: Task,
  found: Pick<Eigenpairs, "values" | "vectors">,
  read: Readings,
): Promise<void> {
  const { point, probes, memory, budget } = task;
  const { descent, size } = point;
  const { gradient: here } = await point.evaluate();
  const around = swinging(point, found);
  const x = swingOf(around, here);
  const edge = descent.preconditioner === null && around[0].lambda >= atEdge * sharpnessLimit(descent);
  const middle = edge ? point.elsewhere!(point.theta.map((value, i) => value - x[i])) : point;
  const tracker = memory.tracker("middle", {
    size,
    top: probes.manifold?.top ?? 2,
    tolerance,
    demand: "vectors",
  });
  const pairs = edge ? await tracker.measure(middle.hessian(), budget.over) : found;
  if (pairs.vectors.length === 0) return;
  const directions = swinging(point, pairs);
  const own = await middle.curvatureGradient!(directions[0].v);
  const swing = directions.length > 1 ? await middle.curvatureGradient!(x) : own.slice();
  if (directions.length === 1) scale(dot(x, x), swing);
  const { gradient } = await middle.evaluate();
  const { learningRate, gain = 1, momentum = 0 } = descent;
  read.lap();
  const { rate, fall } = sharpnessRate(
    directions,
    gradient,
    { own, swing },
    (gain * learningRate) / (1 - momentum),
  );
  const where = edge ? `; in the middle of the swing along ${directions.length} at the edge` : "";
  const way = { how: "estimate", method: `${method}${where}` } as const;
  read.add("sharpness.gradNorm", norm(own), way);
  read.add("sharpness.rate", rate, way);
  read.add("sharpness.fall", fall, way);
}

export const manifold: Probe = {
  id: "manifold",
  label: "Motion along the minima",
  cost: "that of a sharpness reading, at the edge of stability of two, and two products for each gradient of curvature",
  spec: {
    markdownDescription:
      "Motion along the manifold of minima: displacement in the sharp subspace (oscillation) and outside it (drift), how the eigenvectors turn, and the gradient of sharpness.",
    properties: {
      every: { $ref: "#/definitions/every", default: 50 },
      top: {
        type: "integer",
        minimum: 1,
        maximum: 100,
        default: 2,
        description: "Eigenvectors that span the sharp subspace.",
      },
      drift: {
        type: "boolean",
        default: false,
        description:
          "Whether to predict where noise carries the run along the minima, and to measure where it goes. For square losses and at most 512 examples times outputs; costs a few Gram matrices and two products for each of those, with RMSProp and Adam for every Gram matrix a product for each as well.",
      },
    },
  },
  needs: ["curvatureGradient", "elsewhere", "factors", "everyExample"],
  metrics: [],
  async measure(task) {
    const { point, probes, memory, budget } = task;
    const top = probes.manifold?.top ?? 2;
    const read = new Readings(point);
    const tracker = memory.tracker("hessian", { size: point.size, top, tolerance, demand: "vectors" });
    const { values, vectors } = await tracker.measure(point.hessian(), budget.over);
    read.lap();
    if (vectors.length === 0) return { readings: [] };
    addMotion(point, memory, vectors, read);
    const sam = point.descent.radius !== undefined;
    if (!sam) await addSlope(task, { values, vectors }, read);
    const missing = [
      sam ? "the forces on the sharpness: they are those of steps without SAM" : null,
      probes.manifold?.drift ? await addDrift(task, read) : null,
    ];
    return { readings: read.list, leftOut: missing.filter((what) => what !== null) };
  },
};
