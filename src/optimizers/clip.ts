// Gradient clipping by norm, as torch.nn.utils.clip_grad_norm_ does it.
import { norm, scale } from "../util/linalg/vector";

/** Scales `gradient` [d] in place so that its norm is at most `most`; 1e-6 in the divisor as in PyTorch. */
export function clipNorm(gradient: Float32Array, most: number): void {
  const factor = most / (norm(gradient) + 1e-6);
  if (factor < 1) scale(factor, gradient);
}
