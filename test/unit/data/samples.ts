// One small experiment's data per source, with its files: the rows of the sweep over the registry. A new source needs a line here (the compiler says so).
import { join } from "node:path";
import type { DataSpec } from "../../../src/protocol/experiment";
import { cacheHere } from "../../../src/protocol/cacheFolder";
import { filesOf, namedSets } from "../../../src/protocol/namedSets";
import { cifarFile, f4, i8, idxFile, text, zipFile } from "./files";

export interface Sample {
  readonly spec: DataSpec;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** A whole set of black images with labels 0 … 9 in turn, in the place the cache has it; `take` keeps the sweep small. */
function named(source: "fashion-mnist" | "mnist"): Sample {
  const folder = join(cacheHere(), source);
  const [x, y, tx, ty] = filesOf(namedSets[source]).map((name) => join(folder, name));
  const labels = (n: number) =>
    idxFile(
      [n],
      Uint8Array.from({ length: n }, (_, i) => i % 10),
    );
  const images = (n: number) => idxFile([n, 28, 28], new Uint8Array(n * 784));
  return {
    spec: {
      source,
      train: { take: 4 },
      test: { skip: 2, take: 3 },
      scale: "unit",
      labelNoise: 0.5,
    },
    files: { [x]: images(60_000), [y]: labels(60_000), [tx]: images(10_000), [ty]: labels(10_000) },
  };
}

function namedCifar(): Sample {
  const folder = join(cacheHere(), "cifar-10");
  const batch = new Uint8Array(10_000 * 3073);
  for (let i = 0; i < 10_000; i++) batch[i * 3073] = i % 10;
  return {
    spec: { source: "cifar-10", train: { take: 3 }, test: { take: 2 }, scale: "unit", only: [3, 1] },
    files: Object.fromEntries(filesOf(namedSets["cifar-10"]).map((name) => [join(folder, name), batch])),
  };
}

export const samples: Readonly<Record<DataSpec["source"], readonly Sample[]>> = {
  idx: [
    {
      spec: {
        source: "idx",
        train: { images: "x", labels: "y", take: 3 },
        test: { images: "tx", labels: "ty" },
        scale: "unit",
      },
      files: {
        x: idxFile([4, 2, 3], [...Array(24).keys()]),
        y: idxFile([4], [2, 0, 1, 3]),
        tx: idxFile([2, 2, 3], [...Array(12).keys()]),
        ty: idxFile([2], [3, 0]),
      },
    },
  ],
  cifar: [
    {
      spec: {
        source: "cifar",
        train: { files: ["a", "b"], take: 3 },
        test: { files: ["b"] },
        scale: "standardize",
      },
      files: { a: cifarFile([1, 0]), b: cifarFile([9, 2]) },
    },
  ],
  "fashion-mnist": [named("fashion-mnist")],
  mnist: [named("mnist")],
  "cifar-10": [namedCifar()],
  npz: [
    {
      spec: { source: "npz", file: "a.npz", scale: "standardize" },
      files: {
        "a.npz": zipFile({
          "x_train.npy": f4([3, 2], [1, 2, 3, 4, 5, 9]),
          "y_train.npy": i8([3], [0, 2, 1]),
          "x_test.npy": f4([1, 2], [0, 1]),
          "y_test.npy": i8([1], [2]),
        }),
      },
    },
    {
      spec: { source: "npz", file: "a.npz", scale: "none", takeTrain: 2 },
      files: {
        "a.npz": zipFile({
          "x_train.npy": f4([3, 1], [1, 2, 3]),
          "y_train.npy": f4([3, 2], [0.5, 1, 2, 3, 4, 5]),
        }),
      },
    },
  ],
  csv: [
    {
      spec: {
        source: "csv",
        train: { file: "a" },
        test: { file: "b" },
        targets: ["kind"],
        task: "classification",
        scale: "none",
      },
      files: { a: text("u,kind,v\n1,cat,2\n3,dog,4\n"), b: text("kind,v,u\ndog,1,2\n") },
    },
    {
      spec: {
        source: "csv",
        train: { file: "a", take: 1 },
        targets: ["y", "z"],
        task: "regression",
        scale: "none",
      },
      files: { a: text("u,y,z\n1,2,3\n4,5,6\n") },
    },
  ],
  chebyshev: [
    { spec: { source: "chebyshev", degree: 4, examples: 20, testExamples: 7, noise: 0.1 }, files: {} },
  ],
  teacher: [
    {
      spec: {
        source: "teacher",
        inputs: 3,
        outputs: 2,
        hidden: [4, 5],
        activation: "gelu",
        examples: 6,
        testExamples: 4,
        noise: 0.1,
      },
      files: {},
    },
  ],
  spirals: [
    {
      spec: { source: "spirals", classes: 3, turns: 1.5, examples: 11, testExamples: 5, noise: 0.1 },
      files: {},
    },
  ],
  "two-minima": [{ spec: { source: "two-minima", curvatures: [0.1, 1.9, 3] }, files: {} }],
};
