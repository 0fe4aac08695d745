// Trace and Frobenius norm of an operator it is only possible to multiply with, each with a standard error.
import { dot } from "../util/linalg/vector";
import type { Rng } from "../util/rng";
import type { LinearOperator } from "./operator";

export interface Estimate {
  readonly value: number;
  /** One standard error; 0 when exact. */
  readonly error: number;
}

/** Up to this dimension every unit vector is multiplied and the result is exact, unless told otherwise. */
const exactSize = 256;

/**
 * tr A = E[zᵀAz] and ‖A‖_F² = E[‖Az‖²] over z with independent random signs; exact (size products) for small operators.
 *
 * @param exact     Multiply every unit vector; default for small operators.
 * @param products  Random vectors; the relative error falls as 1/√products.
 * @source Hutchinson, Commun. Stat. Simul. Comput. 1990.
 */
export async function traceAndNorm(
  op: LinearOperator,
  rng: Rng,
  {
    exact = op.size <= exactSize,
    products = 64,
  }: { readonly exact?: boolean; readonly products?: number } = {},
): Promise<{ trace: Estimate; frobenius: Estimate }> {
  const { size } = op;
  const count = exact ? size : products;
  const traces: number[] = [];
  const squares: number[] = [];
  const out = new Float32Array(size);
  for (let s = 0; s < count; s++) {
    const z = Float32Array.from({ length: size }, (_, i) =>
      exact ? (i === s ? 1 : 0) : rng.uint32() & 1 ? 1 : -1,
    );
    await op.apply(z, out);
    traces.push(dot(z, out));
    squares.push(dot(out, out));
  }
  if (exact) {
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    return {
      trace: { value: sum(traces), error: 0 },
      frobenius: { value: Math.sqrt(sum(squares)), error: 0 },
    };
  }
  const square = meanOf(squares);
  const norm = Math.sqrt(square.value);
  // d√x = dx / (2√x)
  return {
    trace: meanOf(traces),
    frobenius: { value: norm, error: norm > 0 ? square.error / (2 * norm) : square.error },
  };
}

/** Mean of repeated estimates, with one standard error: infinite for a single one, whose spread nobody knows. */
export function meanOf(samples: readonly number[]): Estimate {
  const n = samples.length;
  const mean = samples.reduce((a, b) => a + b, 0) / n;
  const squares = samples.reduce((a, b) => a + (b - mean) ** 2, 0);
  return { value: mean, error: n > 1 ? Math.sqrt(squares / (n - 1) / n) : Infinity };
}
