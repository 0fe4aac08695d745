// Keys that several data sources have.
import type { SchemaNode } from "../protocol/experimentSchema";
import { ref } from "../protocol/fragment";

/** What the keys mean, by the name they are referred to. */
export const dataDefinitions: Readonly<Record<string, SchemaNode>> = {
  take: { type: "integer", minimum: 1, description: "Use only the first this many examples. Default: all." },
  skip: {
    type: "integer",
    minimum: 0,
    description: "Leave out the first this many examples. Default: none.",
  },
  part: { type: "object", additionalProperties: false, properties: { skip: ref("skip"), take: ref("take") } },
  only: {
    type: "array",
    minItems: 2,
    maxItems: 1000,
    uniqueItems: true,
    items: { type: "integer", minimum: 0, maximum: 1000000 },
    description:
      "Labels to keep, in training and test data; the i-th of them becomes class i. skip and take count what is kept.",
    examples: [[0, 1]],
  },
  labelNoise: {
    type: "number",
    minimum: 0,
    maximum: 1,
    description:
      "Fraction of the training labels replaced by a uniformly random other class, drawn from the seed. Test labels stay.",
    examples: [0.1],
  },
  classes: {
    type: "integer",
    minimum: 2,
    maximum: 1000000,
    description: "Number of classes, K. Default: one more than the largest label in the whole training file.",
  },
  scale: {
    enum: ["unit", "standardize", "none"],
    enumDescriptions: [
      "x / 255: pixels to [0, 1].",
      "Each feature minus its training mean, over its training deviation; features that never vary become 0.",
      "As in the file.",
    ],
    description: "How inputs are scaled.",
  },
  testExamples: {
    type: "integer",
    minimum: 0,
    maximum: 10000000,
    description: "Number of test examples; 0 for none.",
  },
  noise: {
    type: "number",
    minimum: 0,
    maximum: 1000000,
    description: "Standard deviation of the Gaussian noise added to the training targets.",
  },
  filePair: {
    type: "object",
    required: ["images", "labels"],
    additionalProperties: false,
    properties: {
      images: ref("path", {
        description: "IDX file of the images (magic number 2051), gzipped or not, relative to this file.",
      }),
      labels: ref("path", {
        description: "IDX file of the labels (magic number 2049), gzipped or not, relative to this file.",
      }),
      skip: ref("skip"),
      take: ref("take"),
    },
  },
  fileList: {
    type: "object",
    required: ["files"],
    additionalProperties: false,
    properties: {
      files: {
        type: "array",
        minItems: 1,
        uniqueItems: true,
        items: ref("path"),
        description: "CIFAR-10 binary files, records of 3073 bytes, read one after another.",
        examples: [["data/data_batch_1.bin", "data/data_batch_2.bin"]],
      },
      skip: ref("skip"),
      take: ref("take"),
    },
  },
  csvFile: {
    type: "object",
    required: ["file"],
    additionalProperties: false,
    properties: {
      file: ref("path", { description: "CSV file with a header line, relative to this file." }),
      take: ref("take"),
    },
  },
};
