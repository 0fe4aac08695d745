// A point beside a minimum: near enough to be linear, far enough that an instability need not wait for rounding.
import type { Point } from "../measure/point";
import { norm, scale } from "../util/linalg/vector";
import { Rng } from "../util/rng";

/** Displacement relative to ‖θ‖: small enough to be linear, far above float32 rounding. */
export const displacement = 1e-3;

/** A displacement [P] along the factors: one that no example curves against would neither grow nor shrink. */
export async function displacementAt(point: Point, seed: number): Promise<Float32Array> {
  const rng = new Rng(seed, "escape");
  const delta = new Float32Array(point.size);
  const c = Float32Array.from({ length: point.examples * point.outputs }, () => rng.normal());
  await point.factors!.pushFactors(c, delta);
  scale((displacement * norm(point.theta)) / norm(delta), delta);
  return delta;
}
