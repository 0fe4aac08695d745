// One flat float32 vector with a view per tensor: how parameters, gradients and directions are held everywhere.

/** Views of consecutive pieces of `flat`, one per shape; no copies. */
export function viewsOf(flat: Float32Array, shapes: readonly (readonly number[])[]): Float32Array[] {
  let at = 0;
  return shapes.map((shape) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return flat.subarray(at, (at += size));
  });
}

type Views = readonly Float32Array[];
const standing = new WeakMap<Float32Array, { readonly shapes: object; readonly views: Views }>();

/** The same, made once for each `flat`: for vectors that come again and again. */
export function standingViews(flat: Float32Array, shapes: readonly (readonly number[])[]): Views {
  const known = standing.get(flat);
  if (known?.shapes === shapes) return known.views;
  const views = viewsOf(flat, shapes);
  standing.set(flat, { shapes, views });
  return views;
}

export const totalSize = (shapes: readonly (readonly number[])[]): number =>
  shapes.reduce((total, shape) => total + shape.reduce((a, b) => a * b, 1), 0);
