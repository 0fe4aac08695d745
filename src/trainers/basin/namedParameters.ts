// Named tensors of a file into the model's parameters.
import type { Model } from "../../models";
import { fileError } from "../../protocol/errors";

/** Copies named tensors into views. @throws UserError naming the first tensor that is missing or has another shape. */
export function fillFrom(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
  model: Model,
  views: readonly Float32Array[],
  { path, prefix = "" }: { readonly path: string; readonly prefix?: string },
): void {
  model.parameters.forEach(({ name, shape }, i) => {
    const tensor = tensors.get(prefix + name);
    if (!tensor)
      throw fileError(
        path,
        `has no tensor "${prefix}${name}" (it holds ${[...tensors.keys()].join(", ") || "none"})`,
        `Expected ${prefix}${name} of shape [${shape.join(", ")}], named as PyTorch's nn.Sequential names it.`,
      );
    if (tensor.shape.join() !== shape.join())
      throw fileError(
        path,
        `tensor "${prefix}${name}" has shape [${tensor.shape.join(", ")}]`,
        `Expected [${shape.join(", ")}] for this model.`,
      );
    views[i].set(tensor.data);
  });
}
