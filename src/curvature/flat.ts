// One flat float32 vector with a view per tensor: how parameters, gradients and directions are held everywhere.

/** Views of consecutive pieces of `flat`, one per shape; no copies. */
export function viewsOf(flat: Float32Array, shapes: readonly (readonly number[])[]): Float32Array[] {
  let at = 0;
  return shapes.map((shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return flat.subarray(at, (at += size));
  });
}

export const totalSize = (shapes: readonly (readonly number[])[]): number =>
  shapes.reduce((total, shape) => total + shape.reduce((a, b) => a * b, 1), 0);
