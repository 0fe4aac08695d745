// The state of a preconditioned optimizer from a file: a checkpoint of Basin's, or PyTorch's tensors saved as safetensors.
import { readFileSync } from "node:fs";
import { viewsOf } from "../../curvature/flat";
import type { Model } from "../../models";
import { optimizerOf } from "../../optimizers";
import { fileError } from "../../protocol/errors";
import type { OptimizerSpec } from "../../protocol/experiment";
import { decodeSafetensors, type Safetensors, type Tensor } from "../../protocol/safetensors";

export interface FoundState {
  /** The one slot that the preconditioner is made of, [d]. */
  readonly slots: ReadonlyMap<string, Float32Array>;
  /** Updates it has seen. */
  readonly count: number;
  /** What was assumed where the file does not say it. */
  readonly note?: string;
}

/** Where nobody says how many updates there were, the bias correction of very many: 1. */
const veryMany = 1e9;

export interface StateFile {
  readonly path: string;
  /** Whether the file was given for its state: without one it is then a mistake. */
  readonly required: boolean;
}

/**
 * Names that a slot of parameter `name`, the i-th, has in files: Basin's checkpoints, then what people write who save
 * `optimizer.state_dict()` or `optimizer.state`.
 */
const namesOf = (slot: string, name: string, i: number): string[] => [
  `optimizer.${slot}.${name}`,
  `${name}.${slot}`,
  `${slot}.${name}`,
  `state.${i}.${slot}`,
  `optimizer.state.${i}.${slot}`,
];

/**
 * The state in a file; null where the optimizer keeps none that matters, or the file has none and need not.
 * @throws UserError naming the tensor that is missing or has another shape.
 */
export function readOptimizerState(
  { path, required }: StateFile,
  spec: OptimizerSpec,
  model: Model,
): FoundState | null {
  const slot = optimizerOf(spec).preconditioner?.slot;
  if (slot === undefined) return null;
  const file = decodeSafetensors(readFileSync(path), path);
  const found = model.parameters.map(
    ({ name }, i) => namesOf(slot, name, i).flatMap((key) => file.tensors.get(key) ?? [])[0],
  );
  if (!required && found.every((tensor) => tensor === undefined)) return null;
  const shapes = model.parameters.map(({ shape }) => shape);
  const flat = new Float32Array(shapes.reduce((d, shape) => d + shape.reduce((a, b) => a * b, 1), 0));
  viewsOf(flat, shapes).forEach((view, i) =>
    view.set(checked(found[i], { path, slot, name: model.parameters[i].name, shape: shapes[i] }, file)),
  );
  const count = countOf(file, model.parameters[0].name);
  const slots = new Map([[slot, flat]]);
  return count === null
    ? {
        slots,
        count: veryMany,
        note: "The optimizer's state does not say after how many updates it is: its bias correction is taken to be 1.",
      }
    : { slots, count };
}

interface Wanted {
  readonly path: string;
  readonly slot: string;
  readonly name: string;
  readonly shape: readonly number[];
}

function checked(
  tensor: Tensor | undefined,
  { path, slot, name, shape }: Wanted,
  { tensors }: Safetensors,
): Float32Array {
  if (!tensor)
    throw fileError(
      path,
      `has no ${slot} of parameter "${name}" (it holds ${[...tensors.keys()].slice(0, 20).join(", ") || "no tensors"})`,
      `Expected "${name}.${slot}" of shape [${shape.join(", ")}], or "state.<i>.${slot}" in the order of the parameters, or a checkpoint of Basin's.`,
    );
  if (tensor.shape.join() !== shape.join())
    throw fileError(
      path,
      `the ${slot} of parameter "${name}" has shape [${tensor.shape.join(", ")}]`,
      `Expected [${shape.join(", ")}], the shape of the parameter.`,
    );
  const bad = tensor.data.findIndex((value) => !(value >= 0 && value < Infinity));
  if (bad >= 0)
    throw fileError(
      path,
      `the ${slot} of parameter "${name}" holds ${tensor.data[bad]} at index ${bad}`,
      "Expected a running mean of squares: finite, and not below zero.",
    );
  return tensor.data;
}

/** Updates the state has seen, where the file says so. */
function countOf({ tensors, metadata }: Safetensors, first: string): number | null {
  const positive = (x: unknown): number | null =>
    Number.isSafeInteger(x) && (x as number) > 0 ? (x as number) : null;
  if (metadata.basin !== undefined) {
    const { step, since } = parsed(metadata.basin);
    return positive(Number(step) - Number(since));
  }
  for (const key of [`${first}.step`, `step.${first}`, "state.0.step", "optimizer.state.0.step", "step"]) {
    const own = positive(tensors.get(key)?.data[0]);
    if (own !== null) return own;
  }
  return positive(Number(metadata.step));
}

function parsed(text: string): { readonly step?: unknown; readonly since?: unknown } {
  try {
    return (JSON.parse(text) ?? {}) as object;
  } catch {
    return {};
  }
}
