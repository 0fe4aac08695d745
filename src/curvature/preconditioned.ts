// An operator in the coordinates u = P^{1/2}θ, in which a preconditioned optimizer is plain descent.
import type { LinearOperator } from "./operator";

/**
 * P^{-1/2} (A + cI) P^{-1/2}: similar to P^{-1}(A + cI), and symmetric. One product costs one of A.
 * @param P  Preconditioner, [size], positive.
 * @param shift  c, weight decay that enters the gradient.
 * @source Cohen et al. 2022, "Adaptive gradient methods at the edge of stability", §2.
 */
export function preconditioned(op: LinearOperator, P: Float32Array, shift = 0): LinearOperator {
  const root = P.map((p) => 1 / Math.sqrt(p));
  const scaled = new Float32Array(op.size);
  return {
    size: op.size,
    async apply(v, out) {
      for (let i = 0; i < scaled.length; i++) scaled[i] = root[i] * v[i];
      await op.apply(scaled, out);
      for (let i = 0; i < out.length; i++) out[i] = root[i] * (out[i] + shift * scaled[i]);
    },
  };
}
