// NumPy archives with x_train, y_train and optionally x_test, y_test.
import { fileError } from "../protocol/errors";
import type { Split } from "./dataset";
import { isNpy, parseNpy, type NpyArray } from "./npy";
import { checkFinite, checkTake, scaler } from "./scale";
import { gather, select } from "./select";
import { defineSource } from "./source";
import { checkLabels, countClasses, oneHot } from "./targets";
import { openZip, type ZipArchive } from "./zip";

export const npz = defineSource({
  source: "npz",
  summary: "One NumPy .npz archive with x_train, y_train and optionally x_test, y_test",
  async load({ file, takeTrain, takeTest, scale, classes, only }, { readBytes }) {
    const bytes = await readBytes(file);
    if (isNpy(bytes))
      throw fileError(
        file,
        "Expected a .npz archive; found a single .npy array.",
        "Save inputs and labels together: numpy.savez(…, x_train=…, y_train=…).",
      );
    const archive = openZip(bytes, file);
    const hasTest = archive.names.some((name) => name === "x_test.npy" || name === "y_test.npy");
    const train = readSplit(archive, file, "train", takeTrain, only);
    const test = hasTest ? readSplit(archive, file, "test", takeTest, only) : null;
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
    };
  },
});

interface RawSplit {
  readonly part: "train" | "test";
  readonly n: number;
  readonly inputShape: readonly number[];
  /** Inputs of the examples taken. */
  readonly x: NpyArray["data"];
  /** Targets of the whole array, or of the classes kept. */
  readonly y: NpyArray;
}

function readSplit(
  archive: ZipArchive,
  file: string,
  part: RawSplit["part"],
  take: number | undefined,
  only: readonly number[] | undefined,
): RawSplit {
  const array = (name: string): NpyArray => {
    const bytes = archive.read(`${name}.npy`);
    if (bytes) return parseNpy(bytes, file, name);
    const found = archive.names.map((key) => key.replace(/\.npy$/, "")).join(", ") || "nothing";
    throw fileError(
      file,
      `The archive has no array ${name}; found ${found}.`,
      `Save it with numpy.savez(…, ${name}=…).`,
    );
  };
  const x = array(`x_${part}`);
  const y = array(`y_${part}`);
  if (x.shape.length === 0)
    throw fileError(file, `Array x_${part}: expected shape (n, …); found a single number.`);
  if (y.shape.length === 0 || y.shape.length > 2) {
    throw fileError(file, `Array y_${part}: expected shape (n) or (n, K); found (${y.shape.join(", ")}).`);
  }
  if (x.shape[0] !== y.shape[0]) {
    throw fileError(
      file,
      `Expected as many rows in y_${part} as in x_${part}, ${x.shape[0]}; found ${y.shape[0]}.`,
    );
  }
  const inputShape = x.shape.length === 1 ? [1] : x.shape.slice(1);
  const D = inputShape.reduce((a, b) => a * b, 1);
  if (D === 0 || y.shape[1] === 0)
    throw fileError(file, `Expected at least one column in x_${part} and y_${part}; found none.`);
  if (only && !isLabels(y)) {
    const message = `\`only\` keeps classes, but y_${part} holds ${y.kind} targets of shape (${y.shape.join(", ")}).`;
    throw fileError(file, message, "Save integer labels of shape (n), or remove data.only.");
  }
  const n = only ? 0 : checkTake(take, x.shape[0], file);
  const taken = only ? x.data : x.data.subarray(0, n * D);
  checkFinite(taken, D, file, `x_${part}`);
  if (!only) return { part, n, inputShape, x: taken, y };
  const { rows, labels } = select(y.data, only, { take }, file);
  const kept: NpyArray = { kind: "integer", shape: [labels.length], data: Float64Array.from(labels) };
  return { part, n: rows.length, inputShape, x: gather(x.data, D, rows), y: kept };
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
    const K = countClasses(train.y.data, classes, `${file}: y_train`);
    if (test) checkLabels(test.y.data, K, `${file}: y_test`);
    const of = ({ n, y }: RawSplit) => {
      const labels = Int32Array.from(y.data.subarray(0, n));
      return { labels, y: oneHot(labels, K) };
    };
    return { K, of };
  }
  const K = widthOf(train.y);
  const classified = K > 1 && [train, test].every((split) => split === null || isOneHot(split.y.data, K));
  const of = ({ n, y, part }: RawSplit) => {
    const values = Float32Array.from(y.data.subarray(0, n * K));
    checkFinite(values, K, file, `y_${part}`);
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
