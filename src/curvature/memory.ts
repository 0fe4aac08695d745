// How many examples fit: what a Hessian product keeps and needs per example, read off its graph.
import { hvp } from "../graph/differentiate";
import { reachable, sizeOf, type Node } from "../graph/node";
import { hoisted } from "../graph/ops";
import { stage } from "../graph/stage";
import { buildNetwork } from "./buildNetwork";
import { passesOf } from "./factors";
import type { Chunking } from "./chunks";
import type { NetworkParts } from "./network";
import { stagedFunctions } from "./stagedFunction";

/**
 * Bytes of one chunk's intermediate values up to which a product is quickest, for the values in use then stay in a processor's cache:
 * 128 ms against 158 for a CNN of 1.2 MB an example, of 64 examples at a time or of 1000. With fewer examples calls cost more than they save.
 */
const [quickBytes, quickExamples] = [64 * 2 ** 20, 64];

/**
 * Splits n examples so that a product over one chunk is quick and its intermediate values fill at most half of the budget; staged
 * values of all chunks are kept for as many functions as fit into the other half, and computed anew for every product where none does.
 * Windows of images are staged where they fit for all functions.
 * Null when one chunk holds all and there are no windows.
 * The runtime frees values it no longer needs, so what is counted is an upper bound.
 * @param budget  Bytes.
 */
export function planChunks(parts: NetworkParts, n: number, budget: number): Chunking | null {
  const half = budget / 2;
  const keeps = ({ staged }: Footprint): number => Math.min(stagedFunctions, Math.floor(half / (n * staged)));
  const [plain, wide] = [false, true].map((windows) => perExample(parts, windows));
  const windows = wide.staged > plain.staged && keeps(wide) === stagedFunctions;
  const own = windows ? wide : plain;
  const quick = Math.max(quickExamples, Math.floor(quickBytes / own.all));
  const size = Math.max(1, Math.min(n, quick, Math.floor(half / own.all)));
  const keep = keeps(own);
  return size >= n && keep === stagedFunctions && !windows ? null : { size, keep, windows };
}

/** Bytes of all values of a Hessian product's graph, and of those it stages. */
interface Footprint {
  readonly all: number;
  readonly staged: number;
}

/** What one more example adds, at least a byte. */
function perExample(parts: NetworkParts, windows: boolean): Footprint {
  const [one, two] = [1, 2].map((n) => footprint(parts, n, windows));
  return { all: Math.max(1, two.all - one.all), staged: Math.max(1, two.staged - one.staged) };
}

function footprint(parts: NetworkParts, n: number, windows: boolean): Footprint {
  const { loss, parameters, graph } = buildNetwork(parts, n);
  const v = parameters.map((node, i) => graph.input(`v${i}`, node.shape));
  const outputs = hoisted(hvp(loss, parameters, v), v, windows);
  const bytes = (nodes: readonly Node[]): number =>
    nodes.reduce((total, { shape }) => total + 4 * sizeOf(shape), 0);
  return { all: bytes(reachable(outputs)), staged: bytes(stage(outputs, v).frontier) };
}

/** Bytes of per-example gradients at once at most, whatever the budget: more would be worked on for too long without a pause. */
const signalBytes = 128 * 2 ** 20;

/** Bytes that the factors of all examples may fill at most: products read all of them, and with more the network is as quick. */
const storedMost = 512 * 2 ** 20;

/** Bytes that the factors of all examples may fill, of a budget of bytes. */
export const storedRoom = (budget: number): number => Math.min(budget / 4, storedMost);

/**
 * Splits n examples so that what the factors of one chunk need, K gradients of a layer an example, fits into a quarter of the budget.
 * Null where one chunk holds all.
 * @param budget  Bytes.
 */
export function planSignals(parts: NetworkParts, n: number, budget: number): Chunking | null {
  const network = buildNetwork(parts, 1, "running");
  // Once as the engine gives them, one output at a time, and once side by side.
  const bytes = 4 * (network.K + 1) * passesOf(network).width;
  const size = Math.max(1, Math.min(n, Math.floor(Math.min(budget / 4, signalBytes) / bytes)));
  return size >= n ? null : { size, keep: stagedFunctions, windows: false };
}
