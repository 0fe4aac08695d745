// The central flow: the smooth path that training takes on average while it swings at the edge of stability, one step of it at a time.
import { preconditioned } from "../curvature/preconditioned";
import type { EigenTracker } from "../curvature/tracker";
import { edgeVariance } from "../stability/edgeVariance";
import { sharpnessLimit } from "../stability/thresholds";
import { axpy, dot } from "../util/linalg/vector";
import type { Motion, Point } from "./point";

/** Eigenvalues above this share of the limit are at the edge: along them the run swings, and the flow is in the middle of the swing. */
const atEdge = 0.9;
/** Steps in which an eigenvalue that discretization has carried off the limit returns to it; with momentum steps act so much later. */
const returning = (momentum: number): number => (5 * (1 + momentum)) / (1 - momentum);

/** Where the flow stands: parameters and optimizer state of its own, all [P]. */
export interface FlowState {
  readonly theta: Float32Array;
  readonly slots: readonly Float32Array[];
}

/** What drives the flow at a θ, in the coordinates P^{1/2}θ where the optimizer is preconditioned. */
interface Force {
  readonly loss: number;
  readonly sharpness: number;
  /** Variance of the oscillation in θ. */
  readonly variance: number;
  /** ∇L + ½ ∇⟨H, Σ⟩ across the directions at the edge, [P], in θ. */
  readonly gradient: Float32Array;
  /** From here to where the loss is least along those directions, [P], in θ. */
  readonly rest: Float32Array;
  /** What the oscillation adds to the mean square of the gradient, diag(HΣH) [P]; null where nothing oscillates. */
  readonly square: Float32Array | null;
  /** Orthonormal, [P] each. */
  readonly edge: readonly Float32Array[];
}

/** ∇_θ(wᵢᵀHwⱼ) of all pairs at fixed w, index (i, j) ↦ im + j. Two products a pair i ≥ j: off the diagonal by polarization. */
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

/** x less its part along orthonormal vectors, in place. */
function across(x: Float32Array, vectors: readonly Float32Array[]): Float32Array {
  for (const v of vectors) axpy(-dot(v, x), v, x);
  return x;
}

/** How the preconditioner follows the gradient: P = √s + ε of the mean square s, its decay, and P^{-1/2}. */
interface Scaling {
  readonly square: Float32Array;
  readonly decay: number;
  readonly P: Float32Array;
  readonly root: Float32Array;
}

function scalingOf({ squares }: Motion, { slots }: FlowState): Scaling | null {
  if (!squares) return null;
  const square = slots[squares.slot];
  const P = squares.preconditioner(square);
  return { square, decay: squares.decay, P, root: P.map((p) => 1 / Math.sqrt(p)) };
}

/**
 * ∇L + ½ ∇⟨H, Σ⟩ at a point that stands where the flow does. The run swings along the eigenvectors u of P^{-1/2}HP^{-1/2} at the limit S,
 * Σ = Σ X_ij wᵢwⱼᵀ, w = P^{-1/2}u, X ⪰ 0 of `edgeVariance` just so much that these eigenvalues rise no further. Per step they change by
 *
 *   −γ⟨T_ij, P^{-1}(∇L + ½ Σ X_kl T_kl)⟩ − S Σ_a uᵢuⱼ ṡ/(2√s P),   ṡ = (1 − α)(∇L² + diag(HΣH) − s),   diag(HΣH) = S² Σ X_kl P u_k u_l
 *
 * with T_ij = ∇(wᵢᵀHwⱼ), γ = η/(1 − β) and the mean square s of decay α that makes P = √s + ε; P = I and ṡ = 0 without one.
 *
 * @returns  costs a gradient, the tracker's products, and at the edge 4 products for each pair of its directions.
 * @source Cohen, Damian, Talwalkar, Kolter & Lee, "Central flows", 2025, for gradient descent and RMSProp; momentum: the same force over
 *   the time of its steps; theory.md, section 10.
 */
async function forceAt(point: Point, scaling: Scaling | null, tracker: EigenTracker): Promise<Force> {
  const { descent, size } = point;
  const { momentum = 0, learningRate } = descent;
  const limit = sharpnessLimit(descent);
  const { loss, gradient } = await point.evaluate();
  const H = point.hessian();
  const { values, vectors } = await tracker.measure(scaling ? preconditioned(H, scaling.P) : H);
  const edge = vectors.filter((_, i) => values[i] >= atEdge * limit);
  const m = edge.length;
  /** P^{-1/2}x. */
  const scaled = (x: Float32Array): Float32Array =>
    scaling ? x.map((value, a) => value * scaling.root[a]) : x;
  const unscaled = (x: Float32Array): Float32Array =>
    scaling ? x.map((value, a) => value / scaling.root[a]) : x;
  const force = scaled(gradient).slice();
  const rest = new Float32Array(size);
  const none = { loss, sharpness: values[0], variance: 0, rest, square: null, edge };
  if (m === 0) return { ...none, gradient };
  const T = (await slopesOf(point, edge.map(scaled))).map(scaled);
  const flat = T.map((slope) => across(slope.slice(), edge));
  const rate = learningRate / (1 - momentum);
  const calm = across(force.slice(), edge);
  const alpha = Float64Array.from(T, (_, k) => {
    const own = k % (m + 1) === 0 ? (values[k / (m + 1)] - limit) / returning(momentum) : 0;
    return own - rate * dot(flat[k], calm);
  });
  const gram = Float64Array.from(
    { length: m ** 4 },
    (_, k) => rate * dot(flat[Math.floor(k / (m * m))], flat[k % (m * m)]),
  );
  const pairs = scaling ? T.map((_, k) => edge[Math.floor(k / m)].map((u, a) => u * edge[k % m][a])) : [];
  if (scaling) {
    const { square, decay, P, root } = scaling;
    // How P's relative rate follows a change of the mean square, ½ (1 − α)/(√s P).
    const follows = P.map((p, a) => (1 - decay) / (2 * Math.max(Math.sqrt(square[a]), Number.MIN_VALUE) * p));
    pairs.forEach((pair, k) => {
      const weighed = pair.map((value, a) => value * follows[a]);
      alpha[k] -=
        limit * weighed.reduce((sum, value, a) => sum + value * ((calm[a] / root[a]) ** 2 - square[a]), 0);
      const bent = weighed.map((value, a) => value * P[a]);
      pairs.forEach((other, l) => (gram[k * m * m + l] += 2 * limit ** 3 * dot(bent, other)));
    });
  }
  const X = edgeVariance(alpha, gram, m);
  T.forEach((slope, k) => axpy(X[k] / 2, slope, force));
  edge.forEach((u, i) => axpy(-dot(u, force) / values[i], u, rest));
  let variance = 0;
  for (let i = 0; i < m; i++)
    for (let j = 0; j < m; j++) variance += X[i * m + j] * dot(scaled(edge[i]), scaled(edge[j]));
  let square: Float32Array | null = null;
  if (scaling) {
    square = new Float32Array(size);
    pairs.forEach((pair, k) => axpy(limit ** 2 * X[k], pair, square!));
    square = square.map((value, a) => value * scaling.P[a]);
  }
  return { ...none, variance, gradient: unscaled(across(force, edge)), rest: scaled(rest), square };
}

/** The force where the flow stands, the optimizer being that of a point of the run. */
function forceFrom(beside: Point, tracker: EigenTracker, state: FlowState): Promise<Force> {
  return forceAt(beside.elsewhere!(state.theta), scalingOf(beside.descent.motion!, state), tracker);
}

/** What is read of the flow where it stands. */
export type FlowReading = Pick<Force, "loss" | "sharpness" | "variance">;

/**
 * The flow from where it stands, one step of the optimizer at a time: across the directions at the edge it steps as the optimizer does, by
 * the force instead of the gradient, and along them it goes to the middle of the swing.
 */
export class CentralFlow {
  private constructor(
    private readonly beside: Point,
    private readonly tracker: EigenTracker,
    private state: FlowState,
    private force: Force,
  ) {}

  /** @param beside  A point of the run, whose optimizer the flow has. */
  static async at(beside: Point, tracker: EigenTracker, state: FlowState): Promise<CentralFlow> {
    const force = await forceFrom(beside, tracker, state);
    return new CentralFlow(beside, tracker, state, force);
  }

  get stands(): FlowState {
    return this.state;
  }

  get reading(): FlowReading {
    return this.force;
  }

  async step(): Promise<void> {
    const { beside, tracker, force } = this;
    const motion = beside.descent.motion!;
    const { gradient, rest, square, edge } = force;
    const theta = this.state.theta.slice();
    const slots = this.state.slots.map((slot) => slot.slice());
    // What was carried along the swing ends there.
    if (motion.velocity !== undefined) across(slots[motion.velocity], edge);
    if (square) {
      const { decay, slot } = motion.squares!;
      // The update lets what is there decay once and adds the square of the gradient alone.
      axpy((1 - decay) / decay, square, slots[slot]);
    }
    motion.update(theta, gradient, slots);
    axpy(1, rest, theta);
    this.state = { theta, slots };
    this.force = await forceFrom(beside, tracker, this.state);
  }
}
