// Along the manifold of minima: oscillation against drift, turning eigenvectors, and where the gradient takes the sharpness.
import { axpy, dot, norm } from "../../util/linalg/vector";
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

/**
 * With S = λ₁(H), v its unit eigenvector, ∇S = ∇(vᵀHv) and ⊥ the complement of v: the change of S per step along the gradient,
 * −η⟨∇S, ∇L⊥⟩, and the part of it with which the oscillation x = ⟨v, ∇L⟩/λ along v drives S down, ½ηx²‖∇S⊥‖².
 * @source Damian, Nichani & Lee, ICLR 2023, §4; Cohen et al., "Central flows", 2025; theory.md, section 6.
 */
export function sharpnessRate(
  { v, lambda }: { readonly v: Float32Array; readonly lambda: number },
  gradient: Float32Array,
  slope: Float32Array,
  learningRate: number,
): { rate: number; fall: number } {
  const along = dot(v, gradient);
  const own = dot(v, slope);
  const x = along / lambda;
  const across = Math.max(0, dot(slope, slope) - own * own);
  return {
    rate: -learningRate * (dot(slope, gradient) - own * along),
    fall: 0.5 * learningRate * x * x * across,
  };
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

async function addSlope({ point }: Task, v: Float32Array, lambda: number, read: Readings): Promise<void> {
  const slope = await point.curvatureGradient!(v);
  const { gradient } = await point.evaluate();
  read.lap();
  const { rate, fall } = sharpnessRate({ v, lambda }, gradient, slope, point.descent.learningRate);
  read.add("sharpness.gradNorm", norm(slope), { how: "estimate", method });
  read.add("sharpness.rate", rate, { how: "estimate", method });
  read.add("sharpness.fall", fall, { how: "estimate", method });
}

export const manifold: Probe = {
  id: "manifold",
  label: "Motion along the minima",
  cost: "that of a sharpness reading, and two products for the gradient of sharpness",
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
          "Whether to predict where noise carries the run along the minima, and to measure where it goes. For square losses and at most 512 examples times outputs; costs a few Gram matrices and two products for each of those.",
      },
    },
  },
  needs: ["curvatureGradient", "elsewhere", "factors"],
  metrics: [],
  async measure(task) {
    const { point, probes, memory, budget } = task;
    const top = probes.manifold?.top ?? 2;
    const read = new Readings(point.meter);
    const tracker = memory.tracker("hessian", { size: point.size, top, tolerance, demand: "vectors" });
    const { values, vectors } = await tracker.measure(point.hessian(), budget.over);
    read.lap();
    if (vectors.length === 0) return { readings: [] };
    addMotion(point, memory, vectors, read);
    await addSlope(task, vectors[0], values[0], read);
    if (probes.manifold?.drift) await addDrift(task, read);
    return { readings: read.list };
  },
};
