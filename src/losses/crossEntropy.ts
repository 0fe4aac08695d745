// Softmax cross-entropy against one-hot targets, as torch.nn.CrossEntropyLoss.
import type { Node } from "../graph/node";
import { add, logOnePlusSumExp, mul, reshape, softmax, softmaxRest, sqrt, sub, sum } from "../graph/ops";
import type { Loss } from "./loss";

/** Takes the label's own class out of every sum of exponentials. */
const excluded = -1e30;

/**
 * Margins of the other classes, f − f_c with c the label's class, [n, K]; at c itself a number whose exponential is 0.
 *
 * In these, ℓ = log(1 + Σ e^margin), the other classes' probabilities are e^margin / (1 + Σ e^margin), and that of the label lacks
 * their sum M to be 1. Near interpolation M is far below rounding: p − y formed as a difference from 1 would be noise.
 */
const margins = (f: Node, y: Node): Node => add(sub(f, sum(mul(y, f), [1])), mul(y, excluded));

/**
 * ℓ = log Σ exp f − ⟨y, f⟩, M = diag(p) − p pᵀ = S Sᵀ with S = diag(√p) − p √pᵀ, p = softmax(f).
 * Check: S Sᵀ = diag(p) − 2 p pᵀ + p (√pᵀ√p) pᵀ, and √pᵀ√p = 1.
 *
 * S u, written so that 1 − p_c is the sum of the others: with w = √p ∘ u, split into w_c and the rest,
 * (S u)_k = w_k − p_k (Σ_{j≠c} w_j + w_c) for k ≠ c, and (S u)_c = w_c Σ_{j≠c} p_j − p_c Σ_{j≠c} w_j.
 */
export const crossEntropy: Loss = {
  kind: "cross-entropy",
  spec: {
    about: "Mean softmax cross-entropy over the examples, as torch.nn.CrossEntropyLoss; needs class labels.",
    needsLabels: true,
  },
  perExample: (f, y) => reshape(logOnePlusSumExp(margins(f, y)), [f.shape[0]]),
  factor: (f, y, u) => {
    const others = softmaxRest(margins(f, y));
    const missing = sum(others, [1]);
    const p = softmax(f);
    const w = mul(sqrt(p), u);
    const own = sum(mul(y, w), [1]);
    const rest = sub(w, mul(y, w));
    const direct = add(rest, mul(y, mul(own, missing)));
    return sub(direct, add(mul(p, sum(rest, [1])), mul(others, own)));
  },
};
