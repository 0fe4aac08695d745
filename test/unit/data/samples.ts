// One small experiment's data per source, with its files: the rows of the sweep over the registry. A new source needs a line here (the compiler says so).
import type { DataSpec } from "../../../src/protocol/experiment";
import { f4, i8, idxFile, text, zipFile } from "./files";

export interface Sample {
  readonly spec: DataSpec;
  readonly files: Readonly<Record<string, Uint8Array>>;
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
};
