// Where a file writes what a run was set to: the key itself, or the value of a sweep's list that the run took. Pure.
import { findNodeAtLocation, getNodeValue, parseTree, type Node } from "jsonc-parser";
import type { RunInfo } from "../../protocol/runFolder";

export interface TextPlace {
  readonly offset: number;
  readonly length: number;
}

interface SettingPlaces {
  /** The setting to mark: the run's own value of a sweep's axis, the learning rate's before any other; else the learning rate. */
  readonly marked: TextPlace;
  /** Where each setting is written, by key path. */
  readonly written: ReadonlyMap<string, WrittenSetting>;
}

interface WrittenSetting extends TextPlace {
  /** Whether it is one value of a sweep's list. */
  readonly swept: boolean;
}

const rateKey = "optimizer.learningRate";
const batchKey = "optimizer.batchSize";

const toPlace = ({ offset, length }: Node): TextPlace => ({ offset, length });
const same = (node: Node, value: unknown): boolean =>
  JSON.stringify(getNodeValue(node)) === JSON.stringify(value);

type PlacesOf = (run: RunInfo) => SettingPlaces | null;

/** Of the texts asked last, the longest unasked first: between two edits of a file all that stands inline asks many times a second. */
const known = new Map<string, PlacesOf>();
/** More files than are in sight at once. */
const mostKnown = 8;

/** Asks one text after many runs. */
export function settingPlacesIn(text: string): PlacesOf {
  const found = known.get(text) ?? read(text);
  known.delete(text);
  known.set(text, found);
  for (const oldest of known.keys()) {
    if (known.size <= mostKnown) break;
    known.delete(oldest);
  }
  return found;
}

function read(text: string): PlacesOf {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const places = new WeakMap<RunInfo, SettingPlaces | null>();
  return (run) => {
    const before = places.get(run);
    if (before !== undefined) return before;
    const found = tree ? placesOf(tree, run) : null;
    places.set(run, found);
    return found;
  };
}

/** Null where the file no longer says what the run was set to. */
function placesOf(tree: Node, { overrides, experiment }: RunInfo): SettingPlaces | null {
  const { learningRate, batchSize } = experiment.optimizer;
  const values: Readonly<Record<string, unknown>> = {
    [rateKey]: learningRate,
    [batchKey]: batchSize,
    ...overrides,
  };
  const places = new Map<string, { readonly node: Node; readonly swept: boolean }>();
  for (const [key, value] of Object.entries(values)) {
    const list = findNodeAtLocation(tree, ["sweep", key]);
    const single = findNodeAtLocation(tree, key.split("."));
    const entry = list?.type === "array" ? list.children?.find((node) => same(node, value)) : undefined;
    if (entry) places.set(key, { node: entry, swept: true });
    else if (single && same(single, value)) places.set(key, { node: single, swept: false });
    // A setting that another file or a default gives has no place here; one that is written otherwise is another setting now.
    else if (list || single) return null;
  }
  const rate = places.get(rateKey);
  const sweptNodes = [...places].filter(([, place]) => place.swept).map(([, { node }]) => node);
  const marked = rate?.swept ? rate.node : (sweptNodes[0] ?? rate?.node);
  if (!marked) return null;
  return {
    marked: toPlace(marked),
    written: new Map([...places].map(([key, { node, swept }]) => [key, { ...toPlace(node), swept }])),
  };
}
