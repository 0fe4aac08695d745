// A net of one hidden layer of tanh in float64 by hand: what training near its minima does, against what formulas say of it.
import { Rng } from "../../src/util/rng";

/** f(x) = a · tanh(Wx + b) + c on given inputs [n, D]; θ = (W [m, D], b [m], a [m], c). */
export interface TanhNet {
  readonly n: number;
  readonly D: number;
  readonly m: number;
  readonly P: number;
  readonly x: Float64Array;
}

export function tanhNet(x: Float64Array, D: number, m: number): TanhNet {
  return { n: x.length / D, D, m, P: m * (D + 2) + 1, x };
}

/** Output of example i, its gradient left in `slope` [P]. */
export function output({ D, m, x }: TanhNet, theta: Float64Array, i: number, slope: Float64Array): number {
  const [bias, top] = [m * D, m * (D + 1)];
  let f = theta[top + m];
  slope[top + m] = 1;
  for (let h = 0; h < m; h++) {
    let z = theta[bias + h];
    for (let d = 0; d < D; d++) z += theta[h * D + d] * x[i * D + d];
    const t = Math.tanh(z);
    const back = theta[top + h] * (1 - t * t);
    f += theta[top + h] * t;
    slope[top + h] = t;
    slope[bias + h] = back;
    for (let d = 0; d < D; d++) slope[h * D + d] = back * x[i * D + d];
  }
  return f;
}

/** Outputs [n] and their Jacobian [n, P]. */
export function jacobian(net: TanhNet, theta: Float64Array): { f: Float64Array; J: Float64Array } {
  const { n, P } = net;
  const [f, J] = [new Float64Array(n), new Float64Array(n * P)];
  for (let i = 0; i < n; i++) f[i] = output(net, theta, i, J.subarray(i * P, (i + 1) * P));
  return { f, J };
}

/** ∇ of the mean squared error (1/n) Σ (f − y)², [P]. */
export function gradientOf(net: TanhNet, y: Float64Array, theta: Float64Array): Float64Array {
  const [gradient, slope] = [new Float64Array(net.P), new Float64Array(net.P)];
  for (let i = 0; i < net.n; i++) {
    const pull = (2 * (output(net, theta, i, slope) - y[i])) / net.n;
    for (let a = 0; a < net.P; a++) gradient[a] += pull * slope[a];
  }
  return gradient;
}

export const start = ({ P }: TanhNet, seed: number): Float64Array => {
  const rng = new Rng(seed, "tanhNet");
  return Float64Array.from({ length: P }, () => 0.7 * rng.normal());
};

/** GᵀG [n, n] of a Jacobian [n, P]. */
export function gramOf(J: Float64Array, n: number): Float64Array {
  const P = J.length / n;
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) for (let a = 0; a < P; a++) gram[i * n + j] += J[i * P + a] * J[j * P + a];
  return gram;
}
