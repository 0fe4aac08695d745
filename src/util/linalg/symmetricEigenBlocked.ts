// All eigenvalues and eigenvectors of a large dense symmetric matrix, nearly all of the work as matrix products.
import type { Gemm } from "../gemm";
import { notFinite, symmetricEigen, type Eigen } from "./symmetricEigen";
import { tridiagonalEigen } from "./tridiagonalEigen";
import { applyQ, scaledUpper, tridiagonalize } from "./tridiagonalize";

/** Up to this size plain loops are as quick. */
const plain = 96;

/**
 * A = Vᵀ diag(values) V, what `symmetricEigen` gives, by Householder reduction in panels, divide and conquer, and reflectors applied in
 * blocks. Reads the lower triangle of `a` [n, n]; NaN or infinite entries give NaN values.
 *
 * About 4 n³ flops of `gemm` and ⅔ n³ of plain loops; memory about 6 n² numbers. Residual and orthogonality are of the order of
 * rounding times n.
 */
export async function symmetricEigenBlocked(a: Float64Array, n: number, gemm: Gemm): Promise<Eigen> {
  if (n <= plain) return symmetricEigen(a, n);
  const { upper, scale } = scaledUpper(a, n);
  if (!Number.isFinite(scale)) return notFinite(n);
  const reduced = await tridiagonalize(upper, n, gemm);
  const { values, vectors } = await tridiagonalEigen(reduced.d, reduced.e, gemm);
  await applyQ(reduced, vectors, n, gemm);
  const swap = new Float64Array(n);
  for (let i = 0; i < n >> 1; i++) {
    const [x, y] = [vectors.subarray(i * n, (i + 1) * n), vectors.subarray((n - 1 - i) * n, (n - i) * n)];
    swap.set(x);
    x.set(y);
    y.set(swap);
  }
  return { values: values.reverse().map((value) => value * scale), vectors };
}
