// The door of `factors/step-<n>.safetensors`: what a PyTorch run recorded of its examples' Gauss–Newton factors, or the reason why it is none.
import { fileError, type UserError } from "../protocol/errors";
import { decodeSafetensors64 } from "../protocol/safetensors";
import type { Dynamics } from "../types/dynamics";

/** More rows than this and the Gram matrix of a file takes minutes and gigabytes to decompose. */
const mostGramRows = 6000;
/** Directions of coordinates at most. */
const mostDirections = 2048;
/** Bytes of a file at most. */
export const largestFactors = 2 ** 29;

/** Factors Gᵢ of m held examples, as they were written. */
export interface RecordedFactors {
  readonly step: number;
  /** Training examples n, held examples m, outputs K, examples of a step B. */
  readonly n: number;
  readonly m: number;
  readonly K: number;
  readonly batchSize: number;
  readonly sampling: "epochs" | "independent";
  /** Whether an epoch's short last batch is left out. */
  readonly dropLast: boolean;
  /** In force at this step. */
  readonly learningRate: number;
  readonly optimizer: string;
  readonly loss: string;
  readonly dynamics: Dynamics;
  /** Whether these are P^{-1/2}Gᵢ. */
  readonly preconditioned: boolean;
  /** Whether the products behind them were finite differences: then nothing that follows is firm. */
  readonly approximate: boolean;
  /** Parts of the optimizer's groups, schedule or model that bear on the judgement, in the recorder's words. */
  readonly notes: string;
  /** gᵀP⁻¹g: what a step takes off the loss to first order, per learning rate; NaN where it is not said. */
  readonly slope: number;
  readonly values:
    | { readonly kind: "gram"; /** GᵀG, [mK, mK]. */ readonly gram: Float64Array }
    | {
        readonly kind: "coordinates";
        /** Rows of the examples in the eigenbasis of their mean, [m, K, r]. */
        readonly A: Float64Array;
        /** Of (1/m) Σ GᵢGᵢᵀ, descending, [r]. */
        readonly lambda: Float64Array;
        readonly r: number;
        /** Directions there are, or an upper bound. */
        readonly fullRank: number;
      };
}

const hint = "Expected what `basin.watch` writes; the other readings of the run are not affected.";
/** Relative difference of Σ AᵢᵀAᵢ's diagonal from m·λ, and of a Gram matrix from its transpose, that rounding explains. */
const rounding = 1e-6;

/**
 * @param file  Name for messages.
 * @throws UserError that names the file, the key, what was expected and what was found.
 */
export function decodeFactors(bytes: Uint8Array, file: string): RecordedFactors {
  const { tensors, metadata } = decodeSafetensors64(bytes, file);
  const bad = (key: string, message: string): UserError => fileError(file, `\`${key}\`: ${message}`, hint);
  const text = (key: string): string | undefined =>
    Object.hasOwn(metadata, key) ? metadata[key] : undefined;
  const number = (key: string, otherwise?: number): number => {
    const written = text(key);
    if (written === undefined && otherwise !== undefined) return otherwise;
    const value = Number(written);
    if (written === undefined || written.trim() === "" || !Number.isFinite(value))
      throw bad(
        key,
        `expected a number; found ${written === undefined ? "none" : JSON.stringify(written.slice(0, 60))}`,
      );
    return value;
  };
  const whole = (key: string, least: number, otherwise?: number): number => {
    const value = number(key, otherwise);
    if (!Number.isSafeInteger(value) || value < least)
      throw bad(key, `expected a whole number of at least ${least}; found ${value}`);
    return value;
  };
  const flag = (key: string, otherwise: boolean): boolean => {
    const written = (text(key) ?? String(otherwise)).toLowerCase();
    if (written !== "true" && written !== "false")
      throw bad(key, `expected "true" or "false"; found ${JSON.stringify(written.slice(0, 60))}`);
    return written === "true";
  };

  const [n, m, K] = [whole("n", 1), whole("m", 1), whole("K", 1)];
  if (m > n) throw bad("m", `expected at most the n = ${n} training examples; found ${m}`);
  const batchSize = whole("B", 1);
  if (batchSize > n) throw bad("B", `expected at most the n = ${n} training examples; found ${batchSize}`);
  const sampling = text("sampling") ?? "epochs";
  if (sampling !== "epochs" && sampling !== "independent")
    throw bad(
      "sampling",
      `expected "epochs" or "independent"; found ${JSON.stringify(sampling.slice(0, 60))}`,
    );
  const learningRate = number("learningRate");
  if (learningRate < 0) throw bad("learningRate", `expected a number of at least 0; found ${learningRate}`);
  const momentum = number("momentum", number("beta1", 0));
  if (momentum < 0 || momentum >= 1) throw bad("momentum", `expected a number in [0, 1); found ${momentum}`);
  const preconditioned = flag("preconditioned", false);
  const adam = /^adam/i.test(text("optimizer") ?? "");
  const gram = tensors.get("gram");
  const coordinates = tensors.get("coordinates");
  if (!gram && !coordinates) throw fileError(file, "holds neither `gram` nor `coordinates`", hint);
  return {
    step: whole("step", 0),
    n,
    m,
    K,
    batchSize,
    sampling,
    dropLast: flag("dropLast", false),
    learningRate,
    optimizer: (text("optimizer") ?? "sgd").slice(0, 60).toLowerCase(),
    loss: (text("loss") ?? "").slice(0, 60),
    dynamics: {
      momentum,
      nesterov: flag("nesterov", false),
      gain: number("gain", adam ? 1 - momentum : 1),
      weightDecay: number("weightDecay", 0),
      decoupledDecay: number("decoupledDecay", 0),
    },
    preconditioned,
    approximate: flag("approximate", false),
    notes: (text("notes") ?? "").slice(0, 1000),
    slope: number("slope", NaN),
    values: gram ? gramOf(gram, m * K) : coordinatesOf(),
  };

  function gramOf(
    { shape, data }: { readonly shape: readonly number[]; readonly data: Float64Array },
    rows: number,
  ) {
    if (shape.length !== 2 || shape[0] !== rows || shape[1] !== rows)
      throw bad("gram", `expected [m·K, m·K] = [${rows}, ${rows}]; found [${shape.join(", ")}]`);
    if (rows > mostGramRows)
      throw bad("gram", `has ${rows} rows, more than ${mostGramRows}; write coordinates of fewer directions`);
    let largest = 0;
    for (let i = 0; i < rows; i++) largest = Math.max(largest, Math.abs(data[i * rows + i]));
    for (let i = 0; i < rows; i++)
      for (let j = 0; j <= i; j++) {
        const [x, y] = [data[i * rows + j], data[j * rows + i]];
        if (!Number.isFinite(x) || !Number.isFinite(y))
          throw bad("gram", "holds a number that is not finite");
        if (Math.abs(x - y) > rounding * largest) throw bad("gram", "is not symmetric");
      }
    return { kind: "gram", gram: data } as const;
  }

  function coordinatesOf() {
    const { shape, data: A } = coordinates!;
    const r = shape[2];
    if (shape.length !== 3 || shape[0] !== m || shape[1] !== K || !(r >= 1))
      throw bad("coordinates", `expected [m, K, r] = [${m}, ${K}, r]; found [${shape.join(", ")}]`);
    if (r > mostDirections) throw bad("coordinates", `has ${r} directions, more than ${mostDirections}`);
    const eigenvalues = tensors.get("eigenvalues");
    if (eigenvalues?.shape.length !== 1 || eigenvalues.shape[0] !== r)
      throw bad(
        "eigenvalues",
        `expected [r] = [${r}]; found ${eigenvalues ? `[${eigenvalues.shape.join(", ")}]` : "none"}`,
      );
    const lambda = eigenvalues.data;
    if (!A.every(Number.isFinite) || !lambda.every(Number.isFinite))
      throw bad("coordinates", "hold a number that is not finite");
    const sums = new Float64Array(r);
    for (let row = 0; row < m * K; row++) for (let a = 0; a < r; a++) sums[a] += A[row * r + a] ** 2;
    for (let a = 0; a < r; a++) {
      if (lambda[a] < 0 || (a > 0 && lambda[a] > lambda[a - 1]))
        throw bad("eigenvalues", "expected numbers of at least 0, descending");
      if (Math.abs(sums[a] - m * lambda[a]) > 1e3 * rounding * m * lambda[0])
        throw bad(
          "eigenvalues",
          `do not belong to the coordinates: Σ AᵢᵀAᵢ has ${sums[a]} where m·λ is ${m * lambda[a]}`,
        );
    }
    const fullRank = Math.max(r, whole("fullRank", 1, m * K));
    return { kind: "coordinates", A, lambda, r, fullRank } as const;
  }
}
