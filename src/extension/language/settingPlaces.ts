// Where a file writes what a run was set to: the key itself, or the value of a sweep's list that the run took. Pure.
import { findNodeAtLocation, getNodeValue, parseTree, type Node } from "jsonc-parser";
import type { RunInfo } from "../../protocol/runFolder";
import { lastAsked } from "../../util/lastAsked";

interface TextPlace {
  readonly offset: number;
  readonly length: number;
}

export interface SettingPlaces {
  /** The setting to mark: the run's own value of a sweep's axis, the learning rate's before any other; else the learning rate. */
  readonly marked: WrittenSetting;
  /** Where each setting is written, by key path. */
  readonly written: ReadonlyMap<string, WrittenSetting>;
}

export interface WrittenSetting extends TextPlace {
  /** Whether it is one value of a sweep's list. */
  readonly swept: boolean;
  /** Whether the value itself stands there, to be replaced by another; else what stands there gets it from elsewhere. */
  readonly isValue: boolean;
  /** What the file calls the setting. */
  readonly key: string;
}

const rateKey = "optimizer.learningRate";
const batchKey = "optimizer.batchSize";

const same = (node: Node, value: unknown): boolean =>
  JSON.stringify(getNodeValue(node)) === JSON.stringify(value);

/** Null where the file no longer says what the run was set to. */
export type PlacesOf = (run: RunInfo) => SettingPlaces | null;

/** Asks one text after many runs. */
export const settingPlacesIn: (text: string) => PlacesOf = lastAsked(read);

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
  const written = new Map(
    [...places].map(([key, { node, swept }]): [string, WrittenSetting] => {
      const { offset, length } = node;
      return [key, { offset, length, swept, isValue: true, key: key.slice(key.lastIndexOf(".") + 1) }];
    }),
  );
  const rate = written.get(rateKey);
  const marked = rate?.swept ? rate : ([...written.values()].find(({ swept }) => swept) ?? rate);
  return marked ? { marked, written } : null;
}
