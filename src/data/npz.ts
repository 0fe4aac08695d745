// NumPy archives with x_train, y_train and optionally x_test, y_test.
import { ref } from "../protocol/fragment";
import { fileError } from "../protocol/errors";
import type { Split } from "./dataset";
import { checkNpy, parseNpy, type NpyArray } from "./npy";
import { checkFinite, checkTake, scaler } from "./scale";
import { gather, select } from "./select";
import { defineSource } from "./source";
import { checkLabels, countClasses, oneHot } from "./targets";
import { openZip, type ZipArchive } from "./zip";

const usualNames = { xTrain: "x_train", yTrain: "y_train", xTest: "x_test", yTest: "y_test" };

export const npz = defineSource({
  source: "npz",
  spec: {
    about: "One NumPy .npz archive with x_train, y_train and optionally x_test, y_test.",
    required: ["file"],
    properties: {
      file: ref("path", {
        markdownDescription:
          "A `.npz` archive with `x_train`, `y_train` and, for a test set, `x_test`, `y_test`. `x` is float32 or uint8 [n, …]; `y` is float32 [n, K] or integer labels [n].",
      }),
      arrays: {
        type: "object",
        additionalProperties: false,
        description:
          "Names of the arrays in the archive, where they are not x_train, y_train, x_test, y_test.",
        properties: {
          xTrain: {
            type: "string",
            minLength: 1,
            description: "Array of the training inputs, default x_train.",
          },
          yTrain: {
            type: "string",
            minLength: 1,
            description: "Array of the training targets, default y_train.",
          },
          xTest: {
            type: "string",
            minLength: 1,
            description: "Array of the test inputs, default x_test.",
          },
          yTest: {
            type: "string",
            minLength: 1,
            description: "Array of the test targets, default y_test.",
          },
        },
      },
      layout: {
        enum: ["nchw", "nhwc"],
        enumDescriptions: [
          "Channels first, as in PyTorch.",
          "Channels last, as in Keras and OpenCV; they are moved to the front.",
        ],
        description: "Order of the axes of images. Default: channels first.",
      },
      takeTrain: ref("take"),
      takeTest: ref("take"),
      scale: ref("scale", { default: "none" }),
      classes: ref("classes"),
      only: ref("only"),
      labelNoise: ref("labelNoise"),
    },
    examples: { key: "takeTrain" },
    test: "known later",
    targets: "known later",
    from: "{file}",
  },
  async load(spec, { readBytes }) {
    const { file, takeTrain, takeTest, scale, classes, only, layout = "nchw" } = spec;
    const arrays = { ...usualNames, ...spec.arrays };
    const bytes = await readBytes(file);
    refuseLoneArray(bytes, file);
    const archive = openZip(bytes, file);
    const hasTest = [arrays.xTest, arrays.yTest].some((name) => archive.names.includes(`${name}.npy`));
    const from = { archive, file, only, lastAxis: layout === "nhwc" };
    const train = readSplit(from, { x: arrays.xTrain, y: arrays.yTrain, take: takeTrain });
    const test = hasTest ? readSplit(from, { x: arrays.xTest, y: arrays.yTest, take: takeTest }) : null;
    if (test && test.inputShape.join() !== train.inputShape.join()) {
      throw fileError(
        file,
        `Expected x_test of the same shape per example as x_train, (${train.inputShape.join(", ")}); found (${test.inputShape.join(", ")}).`,
      );
    }
    const toTargets = targetsOf(train, test, only?.length ?? classes, file);
    const D = train.inputShape.reduce((a, b) => a * b, 1);
    const scaled = scaler(scale, train.x, D);
    const split = (raw: RawSplit): Split => ({ n: raw.n, x: scaled(raw.x), ...toTargets.of(raw) });
    return {
      inputShape: train.inputShape,
      outputs: toTargets.K,
      train: split(train),
      test: test && split(test),
      notes: looksChannelsLast(train.inputShape) && layout === "nchw" ? [channelsLastNote(train, file)] : [],
    };
  },
});

const loneArray = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

function refuseLoneArray(bytes: Uint8Array, file: string): void {
  if (!loneArray.every((byte, i) => bytes[i] === byte)) return;
  throw fileError(
    file,
    "Expected a .npz archive; found a lone .npy array.",
    `Save inputs and targets together: numpy.savez("data.npz", x_train=x, y_train=y).`,
  );
}

/** Whether the shape of an example, read channels first, is rather an image with its channels last. */
const looksChannelsLast = ([first, , last, ...more]: readonly number[]): boolean =>
  last !== undefined && more.length === 0 && (last === 1 || last === 3 || last === 4) && first > 4;

function channelsLastNote({ names, inputShape: [c, h, w] }: RawSplit, file: string): string {
  const shape = `(n, ${c}, ${h}, ${w})`;
  return `${file}: ${names.x} of shape ${shape} is read as ${c} channels of ${h} × ${w}; if it is ${c} × ${h} images with ${w} channels, set data.layout to "nhwc".`;
}

interface SplitNames {
  readonly x: string;
  readonly y: string;
  readonly take: number | undefined;
}

interface RawSplit {
  readonly names: SplitNames;
  readonly n: number;
  readonly inputShape: readonly number[];
  /** Inputs of the examples taken. */
  readonly x: NpyArray["data"];
  /** Targets of the whole array, or of the classes kept. */
  readonly y: NpyArray;
}

function readSplit(
  {
    archive,
    file,
    only,
    lastAxis,
  }: {
    readonly archive: ZipArchive;
    readonly file: string;
    readonly only: readonly number[] | undefined;
    readonly lastAxis: boolean;
  },
  names: SplitNames,
): RawSplit {
  const { take } = names;
  const array = (name: string): NpyArray => {
    const bytes = archive.read(`${name}.npy`, (head, length) => checkNpy(head, length, file, name));
    if (bytes) return parseNpy(bytes, file, name);
    const found = archive.names.map((key) => key.replace(/\.npy$/, "")).join(", ") || "nothing";
    throw fileError(
      file,
      `The archive has no array ${name}; found ${found}.`,
      `Save it with numpy.savez(…, ${name}=…), or say what it is called in data.arrays.`,
    );
  };
  const stored = array(names.x);
  const x = lastAxis ? channelsFirst(stored, file, names.x) : stored;
  const y = array(names.y);
  if (x.shape.length === 0)
    throw fileError(file, `Array ${names.x}: expected shape (n, …); found a single number.`);
  if (y.shape.length === 0 || y.shape.length > 2) {
    throw fileError(file, `Array ${names.y}: expected shape (n) or (n, K); found (${y.shape.join(", ")}).`);
  }
  if (x.shape[0] !== y.shape[0]) {
    throw fileError(
      file,
      `Expected as many rows in ${names.y} as in ${names.x}, ${x.shape[0]}; found ${y.shape[0]}.`,
    );
  }
  const inputShape = x.shape.length === 1 ? [1] : x.shape.slice(1);
  const D = inputShape.reduce((a, b) => a * b, 1);
  if (D === 0 || y.shape[1] === 0)
    throw fileError(file, `Expected at least one column in ${names.x} and ${names.y}; found none.`);
  if (only && !isLabels(y)) {
    const message = `\`only\` keeps classes, but ${names.y} holds ${y.kind} targets of shape (${y.shape.join(", ")}).`;
    throw fileError(file, message, "Save integer labels of shape (n), or remove data.only.");
  }
  const n = only ? 0 : checkTake(take, x.shape[0], file);
  const taken = only ? x.data : x.data.subarray(0, n * D);
  checkFinite(taken, D, file, names.x);
  if (!only) return { names, n, inputShape, x: taken, y };
  const { rows, labels } = select(y.data, only, { take }, file);
  const kept: NpyArray = { kind: "integer", shape: [labels.length], data: Float64Array.from(labels) };
  return { names, n: rows.length, inputShape, x: gather(x.data, D, rows), y: kept };
}

/** [n, h, w, c] → [n, c, h, w]. */
function channelsFirst({ shape, data, kind }: NpyArray, file: string, name: string): NpyArray {
  const [n, h, w, c, ...more] = shape;
  if (c === undefined || more.length > 0)
    throw fileError(
      file,
      `Array ${name}: expected images (n, height, width, channels); found shape (${shape.join(", ")}).`,
    );
  const moved = new (data.constructor as new (length: number) => NpyArray["data"])(data.length);
  const pixels = h * w;
  for (let i = 0; i < n; i++)
    for (let p = 0; p < pixels; p++)
      for (let k = 0; k < c; k++) moved[(i * c + k) * pixels + p] = data[(i * pixels + p) * c + k];
  return { shape: [n, c, h, w], data: moved, kind };
}

const widthOf = ({ shape }: NpyArray): number => shape[1] ?? 1;
const isLabels = (y: NpyArray): boolean => y.kind === "integer" && widthOf(y) === 1;

/**
 * Integers [n] or [n, 1] are class labels. Real numbers are targets as they stand; where every row of both splits is one-hot,
 * they are classes too, so that accuracy can be measured.
 */
function targetsOf(train: RawSplit, test: RawSplit | null, classes: number | undefined, file: string) {
  if (test && (isLabels(train.y) !== isLabels(test.y) || widthOf(train.y) !== widthOf(test.y))) {
    const kind = (y: NpyArray) =>
      isLabels(y) ? "integer labels" : `${y.kind} targets with ${widthOf(y)} columns`;
    throw fileError(
      file,
      `Expected y_test of the same kind as y_train, ${kind(train.y)}; found ${kind(test.y)}.`,
    );
  }
  if (isLabels(train.y)) {
    const K = countClasses(train.y.data, classes, `${file}: ${train.names.y}`);
    if (test) checkLabels(test.y.data, K, `${file}: ${test.names.y}`);
    const of = ({ n, y }: RawSplit) => {
      const labels = Int32Array.from(y.data.subarray(0, n));
      return { labels, y: oneHot(labels, K) };
    };
    return { K, of };
  }
  const K = widthOf(train.y);
  const classified = K > 1 && [train, test].every((split) => split === null || isOneHot(split.y.data, K));
  const of = ({ n, y, names }: RawSplit) => {
    const values = Float32Array.from(y.data.subarray(0, n * K));
    checkFinite(values, K, file, names.y);
    const labels = classified
      ? Int32Array.from({ length: n }, (_, i) => values.subarray(i * K, (i + 1) * K).indexOf(1))
      : null;
    return { labels, y: values };
  };
  return { K, of };
}

function isOneHot(y: NpyArray["data"], K: number): boolean {
  for (let i = 0; i < y.length; i += K) {
    let ones = 0;
    for (let k = 0; k < K; k++) {
      if (y[i + k] === 1) ones++;
      else if (y[i + k] !== 0) return false;
    }
    if (ones !== 1) return false;
  }
  return true;
}
