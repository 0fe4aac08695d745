// Takes a model's parameters and running statistics from a safetensors file, also where PyTorch code of another shape wrote it.
import { fileError } from "../protocol/errors";
import type { Safetensors, Tensor } from "../protocol/safetensors";
import { editDistance } from "../protocol/suggest";
import type { Model } from "./model";

export interface TakenWeights {
  /** Every parameter, and the buffers the file has, by the model's names. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** How names were matched, where they are not the model's. */
  readonly note?: string;
}

/** What DataParallel and torch.compile put before every name. */
const wrappers = /^((module|_orig_mod)\.)+/;

/**
 * Finds each parameter by its name; else, where no name of the file is the model's, by order and shape (see `matchedGroups`).
 *
 * @param names  From a user: the model's name → the file's.
 * @throws UserError naming the file and the first tensor that is missing, has another shape, or holds a number that is not finite.
 */
export function takeWeights(
  file: Safetensors,
  model: Pick<Model, "parameters" | "buffers">,
  path: string,
  names: Readonly<Record<string, string>> = {},
): TakenWeights {
  const bare = new Map([...file.tensors].map(([name, tensor]) => [name.replace(wrappers, ""), tensor]));
  const given = Object.entries(names).flatMap(([own, other]): [string, Tensor][] => {
    const tensor = file.tensors.get(other) ?? bare.get(other);
    if (tensor) return [[own, tensor]];
    throw missing(other, `model.names asks for it as "${own}"`, file, path);
  });
  const tensors = new Map([...bare, ...file.tensors, ...given]);
  const strangers = model.parameters.every(({ name }) => !tensors.has(name));
  const matched = strangers ? matchedGroups(bare, model) : undefined;
  const found = matched?.tensors ?? tensors;
  for (const { name, shape } of model.parameters) {
    const tensor = found.get(name);
    if (!tensor) throw missing(name, `expected shape [${shape.join(", ")}]`, file, path);
    if (tensor.shape.join() !== shape.join())
      throw fileError(
        path,
        `tensor "${name}" has shape [${tensor.shape.join(", ")}]`,
        `Expected [${shape.join(", ")}] for this model.`,
      );
    checkFinite(name, tensor, path);
  }
  for (const { name } of model.buffers) {
    const tensor = found.get(name);
    if (tensor) checkFinite(name, tensor, path);
  }
  return { tensors: found, ...(matched ? { note: matched.note } : {}) };
}

function missing(name: string, why: string, { tensors, skipped }: Safetensors, path: string) {
  const dtype = skipped.get(name);
  if (dtype !== undefined)
    return fileError(path, `tensor "${name}" holds ${dtype}; ${why}`, "Save it as float numbers.");
  const known = [...tensors.keys()];
  const distance = new Map(known.map((other) => [other, editDistance(name, other.slice(0, 200))]));
  const nearest = [...known].sort((a, b) => distance.get(a)! - distance.get(b)!).slice(0, 3);
  const holds =
    known.length === 0 ? "it holds none" : `nearest of its ${known.length}: ${nearest.join(", ")}`;
  return fileError(
    path,
    `has no tensor "${name}"; ${why}; ${holds}`,
    `Name tensors as PyTorch's nn.Sequential does, or give "names" in \`model\`: { "${name}": "${nearest[0] ?? "…"}" }.`,
  );
}

/** @throws UserError naming tensor and index of the first value that is NaN or infinite. */
function checkFinite(name: string, { shape, data }: Tensor, path: string): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const index = shape.map((_, axis) => {
    const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    return Math.floor(at / inner) % shape[axis];
  });
  throw fileError(
    path,
    `tensor "${name}" holds ${data[at]} at [${index.join(", ")}]`,
    "Expected finite numbers: the weights are damaged, or were saved after training diverged.",
  );
}

interface Group {
  /** "fc1" of "fc1.weight". */
  readonly name: string;
  /** Last part of the name → the full name and tensor's shape. */
  readonly members: Map<string, { readonly name: string; readonly shape: readonly number[] }>;
}

const statistics = ["running_mean", "running_var", "num_batches_tracked"];

function groupsOf(all: Iterable<readonly [string, readonly number[]]>): Group[] {
  const groups = new Map<string, Group>();
  for (const [name, shape] of all) {
    const dot = name.lastIndexOf(".");
    const [prefix, last] = [name.slice(0, Math.max(0, dot)), name.slice(dot + 1)];
    const group = groups.get(prefix) ?? { name: prefix, members: new Map() };
    group.members.set(last, { name, shape });
    groups.set(prefix, group);
  }
  return [...groups.values()];
}

/** What two layers must have in common to hold the same parameters: their names' last parts and shapes, statistics aside. */
const signature = ({ members }: Group): string =>
  [...members]
    .filter(([last]) => !statistics.includes(last))
    .map(([last, { shape }]) => `${last}[${shape.join()}]`)
    .sort()
    .join(" ");

const natural = new Intl.Collator("en", { numeric: true });

/**
 * Matches layers whose names differ: a layer is known by its parameters' last names and shapes. Several alike are taken in the
 * order of the numbers in their names, and only where nothing else tells their names apart (fc1, fc2; not encoder, decoder).
 * Undefined where that leaves a doubt, or layers over.
 */
function matchedGroups(
  tensors: ReadonlyMap<string, Tensor>,
  { parameters, buffers }: Pick<Model, "parameters" | "buffers">,
): { readonly tensors: Map<string, Tensor>; readonly note: string } | undefined {
  const own = groupsOf([...parameters, ...buffers].map(({ name, shape }) => [name, shape]));
  const theirs = groupsOf([...tensors].map(([name, { shape }]) => [name, shape]));
  if (own.length !== theirs.length) return undefined;
  const result = new Map<string, Tensor>();
  const pairs: string[] = [];
  for (const kind of new Set(own.map(signature))) {
    const mine = own.filter((group) => signature(group) === kind);
    const alike = theirs.filter((group) => signature(group) === kind);
    const forms = new Set(alike.map(({ name }) => name.replace(/\d+/g, "#")));
    if (mine.length !== alike.length || (alike.length > 1 && forms.size > 1)) return undefined;
    alike.sort((a, b) => natural.compare(a.name, b.name));
    mine.forEach((group, i) => {
      pairs.push(`${alike[i].name} as ${group.name}`);
      for (const [last, { name }] of group.members) {
        const tensor = tensors.get(alike[i].members.get(last)?.name ?? "");
        if (tensor) result.set(name, tensor);
      }
    });
  }
  return { tensors: result, note: `Weights were matched by order and shape: ${pairs.join(", ")}.` };
}
