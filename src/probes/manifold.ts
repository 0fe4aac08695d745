// Along the manifold of minima: oscillation against drift, turning eigenvectors, and where the gradient takes the sharpness.
import { EigenTracker } from "../curvature/tracker";
import { axpy, dot, norm } from "../util/linalg/vector";
import type { MetricValues } from "../protocol/metrics";
import type { Probe } from "./probe";

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
  gradient: Float32Array,
  slope: Float32Array,
  v: Float32Array,
  lambda: number,
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

export const manifold: Probe = {
  id: "manifold",
  label: "Motion along the minima",
  every: (experiment) => experiment.probes.manifold?.every,
  cost: "that of a sharpness reading, and two products for the gradient of sharpness",
  start(experiment, size, rng) {
    const top = experiment.probes.manifold?.top ?? 2;
    const tracker = new EigenTracker({ size, top, tolerance: 1e-2, demand: "vectors", rng });
    let before: { readonly theta: Float32Array; readonly vectors: readonly Float32Array[] } | null = null;
    return {
      async measure({ curvature, descent }) {
        const { values, vectors } = await tracker.measure(curvature.hessian());
        if (vectors.length === 0) return {};
        const theta = curvature.theta.slice();
        const moved: MetricValues = {};
        if (before) {
          const displacement = theta.map((value, i) => value - before!.theta[i]);
          const { sharp, flat } = splitDisplacement(displacement, before.vectors);
          Object.assign(moved, {
            "displacement.sharp": sharp,
            "displacement.flat": flat,
            "eigenvectors.overlap": subspaceOverlap(before.vectors, vectors),
          });
        }
        const kept = vectors.map((v) => v.slice());
        before = { theta, vectors: kept };
        const slope = await curvature.curvatureGradient(kept[0]);
        const { gradient } = await curvature.evaluate();
        const { rate, fall } = sharpnessRate(gradient, slope, kept[0], values[0], descent.learningRate);
        return {
          ...moved,
          "sharpness.gradNorm": norm(slope),
          "sharpness.rate": rate,
          "sharpness.fall": fall,
        };
      },
      get memory() {
        return before ? [before.theta, ...before.vectors] : [];
      },
      recall(memory) {
        const [theta, ...vectors] = memory;
        if (!theta) return;
        before = { theta, vectors };
        tracker.restore(vectors);
      },
    };
  },
};
