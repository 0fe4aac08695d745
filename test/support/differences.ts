// Curvature by differences of gradients: shares no derivative of second order with what is tested.
import type { Trainer } from "../../src/trainers/basin/trainer";

/** Short enough that hardly an example's relu switches within it, long enough for float32. */
const reach = 1e-3;

/**
 * λmax(H) where a trainer stands, by power iteration, Hv from the gradients at θ ± εv.
 * @param along  θ of the step before, where the last step went along the sharpest direction, as at the edge; null: from nothing.
 */
export async function sharpnessByDifferences(trainer: Trainer, along: Float32Array | null): Promise<number> {
  const point = trainer.point();
  const { theta } = point;
  const gradient = async (v: Float64Array, sign: number) =>
    (await point.elsewhere!(theta.map((x, i) => x + sign * reach * v[i])).evaluate()).gradient;
  let v = Float64Array.from(theta, (x, i) => (along ? x - along[i] : Math.sin(i + 1)));
  let value = 0;
  for (let k = 0; k < (along ? 30 : 200); k++) {
    const size = Math.hypot(...v);
    v = v.map((x) => x / size);
    const [plus, minus] = [Float32Array.from(await gradient(v, 1)), await gradient(v, -1)];
    const product = v.map((_, i) => (plus[i] - minus[i]) / (2 * reach));
    value = product.reduce((sum, x, i) => sum + x * v[i], 0);
    v = product;
  }
  return value;
}
