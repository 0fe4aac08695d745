// What a loss is: a value per example, and a factor of its Hessian in the outputs.
import type { Node } from "../graph/node";
import type { LossFragment } from "../protocol/fragment";

export interface Loss {
  readonly kind: string;
  readonly spec: LossFragment;
  /** For a square loss the factor s of ∇²_f ℓ = s·I, with K outputs; absent for others. */
  readonly squareScale?: (K: number) => number;
  /** ℓᵢ(f, y), [n] from f [n, K] and targets y [n, K]; the training loss is their mean. */
  perExample(f: Node, y: Node): Node;
  /**
   * Sᵢuᵢ, [n, K] from u [n, K], where ∇²_f ℓᵢ = SᵢSᵢᵀ. Linear in u, so its transpose is its vjp.
   * Exact for these losses: their Hessian in f is positive semidefinite and does not depend on how f was reached.
   */
  factor(f: Node, y: Node, u: Node): Node;
}
