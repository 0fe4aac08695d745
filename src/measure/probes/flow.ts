// The central flow beside a run: the smooth path that gradient descent takes on average while it swings at the edge of stability.
import { edgeVariance } from "../../stability/edgeVariance";
import { samplingFactor, sharpnessLimit } from "../../stability/thresholds";
import { axpy, dot, norm } from "../../util/linalg/vector";
import type { ProbeMemory } from "../memory";
import type { Descent, Point } from "../point";
import { Readings, type Probe } from "../probe";

const defaults = { from: 0, top: 3, steps: 2000 };
/** Relative residual of the eigenvectors the flow is made of. */
const tolerance = 1e-3;
/** Eigenvalues above this share of the limit may reach it within a step. */
const atEdge = 0.9;
/** Parts of a step of training: with two a direction at the limit comes to rest in one, where with one it would swing itself. */
const substeps = 2;
/** Steps in which an eigenvalue that discretization has carried off the limit returns to it. */
const returning = 5;

/** What drives the flow at a θ. */
interface Force {
  readonly loss: number;
  readonly sharpness: number;
  /** trace X, the variance of the oscillation. */
  readonly variance: number;
  /** ∇L + ½ ∇⟨H, Σ⟩, [P]. */
  readonly direction: Float32Array;
}

/** ∇_θ(uᵢᵀHuⱼ) of all pairs, index (i, j) ↦ im + j. Two products a pair i ≥ j: off the diagonal by polarization. */
async function slopesOf(point: Point, vectors: readonly Float32Array[]): Promise<Float32Array[]> {
  const m = vectors.length;
  const T: Float32Array[] = [];
  for (let i = 0; i < m; i++) T[i * m + i] = await point.curvatureGradient!(vectors[i]);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < i; j++) {
      const both = await point.curvatureGradient!(vectors[i].map((value, a) => value + vectors[j][a]));
      const [own, other] = [T[i * m + i], T[j * m + j]];
      T[i * m + j] = T[j * m + i] = both.map((value, a) => (value - own[a] - other[a]) / 2);
    }
  return T;
}

/**
 * θ̇ = −(∇L + ½ ∇⟨H, Σ⟩), Σ = UXUᵀ on the eigenvectors at the limit 2/η, X of `edgeVariance`: just as much oscillation as keeps their
 * eigenvalues there.
 * @source Cohen, Damian, Talwalkar, Kolter & Lee, "Central flows", 2025; theory.md, section 10.
 */
async function forceAt(point: Point, memory: ProbeMemory, top: number): Promise<Force> {
  const { descent, size } = point;
  const limit = sharpnessLimit(descent);
  const tracker = memory.tracker("edge", { size, top, tolerance, demand: "vectors" });
  const { loss, gradient } = await point.evaluate();
  const { values, vectors } = await tracker.measure(point.hessian());
  const edge = vectors.filter((_, i) => values[i] >= atEdge * limit);
  const m = edge.length;
  const direction = gradient.slice();
  if (m === 0) return { loss, sharpness: values[0], variance: 0, direction };
  const T = await slopesOf(point, edge);
  const gram = Float64Array.from({ length: m ** 4 }, (_, k) =>
    dot(T[Math.floor(k / (m * m))], T[k % (m * m)]),
  );
  const alpha = Float64Array.from(T, (slope, k) => {
    const own = k % (m + 1) === 0 ? values[k / (m + 1)] - limit : 0;
    return own / (returning * descent.learningRate) - dot(slope, gradient);
  });
  const X = edgeVariance(alpha, gram, m);
  T.forEach((slope, k) => axpy(X[k] / 2, slope, direction));
  let variance = 0;
  for (let i = 0; i < m; i++) variance += X[i * (m + 1)];
  return { loss, sharpness: values[0], variance, direction };
}

/** Why there is no flow beside such a run, or null. Momentum and preconditioners have flows of their own. */
function refusal({ descent, examples, batchSize, labelNoise }: Point): string | null {
  const plain = ({ momentum, preconditioner, weightDecay, decoupledDecay, radius }: Descent): boolean =>
    !momentum && preconditioner === null && !weightDecay && !decoupledDecay && radius === undefined;
  return plain(descent) && samplingFactor(examples, batchSize) === 0 && !labelNoise
    ? null
    : "the central flow: it is that of gradient descent on full batches, without momentum, decay, SAM or label noise";
}

export const flow: Probe = {
  id: "flow",
  label: "Central flow",
  cost: "for every step of training two gradients, 4–8 products for eigenvectors, and at the edge of stability 4 products more for each pair of them",
  spec: {
    markdownDescription:
      "The central flow beside gradient descent on full batches: its own parameters follow the path that the run takes on average, also while it swings at the edge of stability (Cohen et al. 2025).",
    properties: {
      every: { $ref: "#/definitions/every", default: 10 },
      from: {
        type: "integer",
        minimum: 0,
        default: 0,
        description: "Step at which the flow leaves the run, at its first reading from there on.",
      },
      steps: {
        type: "integer",
        minimum: 1,
        default: 2000,
        description:
          "Steps that the flow follows the run; each costs some twenty times as much as one of the run.",
      },
      top: {
        type: "integer",
        minimum: 1,
        maximum: 20,
        default: 3,
        description: "Eigenvectors of the Hessian that may be at the edge at once.",
      },
    },
  },
  needs: ["curvatureGradient", "elsewhere", "everyExample"],
  metrics: [],
  async measure({ point, probes, memory, step = 0 }) {
    const why = refusal(point);
    if (why !== null) return { readings: [], leftOut: [why] };
    const { from, top, steps } = probes.flow ?? defaults;
    const [began = step, at = step] = memory.get("flow.steps") ?? [];
    if (step < from || step - began > steps) return { readings: [] };
    const read = new Readings(point);
    const { learningRate } = point.descent;
    const { gradient } = await point.evaluate();
    // In the middle of this step and the next one the swing of period two is gone.
    const middle = point.theta.map((value, i) => value - (learningRate / 2) * gradient[i]);
    const known = memory.get("flow.theta");
    const theta = known?.length === middle.length ? known.slice() : middle.slice();
    let now = await forceAt(point.elsewhere!(theta), memory, top);
    for (let k = 0; k < substeps * (step - at) && Number.isFinite(now.loss); k++) {
      axpy(-learningRate / substeps, now.direction, theta);
      now = await forceAt(point.elsewhere!(theta), memory, top);
    }
    memory.set("flow.theta", theta);
    memory.set("flow.steps", Float32Array.of(began, step));
    read.lap();
    const way = {
      how: "estimate",
      method: `Euler's method, ${substeps} steps for each of the run's`,
    } as const;
    read.add("flow.loss", now.loss, way);
    read.add("flow.sharpness", now.sharpness, way);
    read.add("flow.variance", now.variance, way);
    read.add("flow.distance", norm(theta.map((value, i) => value - middle[i])), way);
    read.add("flow.swing", ((learningRate / 2) * norm(gradient)) ** 2, {
      how: "exact",
      method: "half the step of the run, squared",
    });
    return { readings: read.list };
  },
};
