// Softmax cross-entropy against one-hot targets, as torch.nn.CrossEntropyLoss.
import { logSumExp, mul, reshape, softmax, sqrt, sub, sum, sumLast } from "../graph/ops";
import type { Loss } from "./loss";

/**
 * ℓ = log Σ exp f − ⟨y, f⟩, M = diag(p) − p pᵀ = S Sᵀ with S = diag(√p) − p √pᵀ, p = softmax(f).
 * Check: S Sᵀ = diag(p) − 2 p pᵀ + p (√pᵀ√p) pᵀ, and √pᵀ√p = 1.
 */
export const crossEntropy: Loss = {
  kind: "cross-entropy",
  spec: {
    about: "Mean softmax cross-entropy over the examples, as torch.nn.CrossEntropyLoss; needs class labels.",
    needsLabels: true,
  },
  perExample: (f, y) => sub(reshape(logSumExp(f), [f.shape[0]]), sumLast(mul(y, f))),
  factor: (f, _y, u) => {
    const p = softmax(f);
    const root = sqrt(p);
    return sub(mul(root, u), mul(p, sum(mul(root, u), [1])));
  },
};
