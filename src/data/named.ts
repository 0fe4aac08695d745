// Public data sets by name, read from the cache folder that `basin fetch` fills.
import { join } from "node:path";
import { fileError, UserError } from "../protocol/errors";
import { cacheHere } from "../protocol/cacheFolder";
import { ref, type DataFragment } from "../protocol/fragment";
import { filesOf, howToGet, namedSets, setNames, type NamedSet, type SetName } from "../protocol/namedSets";
import { cifarClasses, readBatches } from "./cifar";
import type { ReadBytes } from "./dataset";
import { readPair } from "./idx";
import { imageDataset, type LabelledImages } from "./images";
import { defineSource, type DataSource } from "./source";

const named = (name: SetName): DataSource<SetName> =>
  defineSource<SetName>({
    source: name,
    spec: specOf(namedSets[name]),
    async load(spec, context) {
      const set: NamedSet = namedSets[name];
      const folder = join(cacheHere(), name);
      const readBytes: ReadBytes = (path) => context.readBytes(path).catch(pointTo(howToGet(set, folder)));
      const files = filesOf(set).map((file) => join(folder, file));
      const read = (part: "train" | "test"): Promise<LabelledImages> => {
        if (set.members) {
          const batches = part === "train" ? files.slice(0, -1) : files.slice(-1);
          return readBatches({ ...spec[part], files: batches }, readBytes);
        }
        const [images, labels] = part === "train" ? files : files.slice(2);
        return readPair({ ...spec[part], images, labels }, readBytes);
      };
      const train = whole(await read("train"), set.examples.train, name);
      const test = whole(await read("test"), set.examples.test, name);
      return imageDataset({ ...spec, classes: cifarClasses }, train, test);
    },
  });

const snippet = {
  label: "fashion-mnist: a public data set by name",
  body: { source: "${1:fashion-mnist}", train: { take: "^${2:1000}" }, test: { take: "^${3:1000}" } },
};

/** Every set has ten classes. */
export const namedSources = setNames.map(named);

function specOf({ name, about, examples }: NamedSet): DataFragment {
  return {
    about: `${about} \`basin fetch ${name}\` gets it once.`,
    description: "A public data set by name, from the cache folder that `basin fetch NAME` fills.",
    properties: {
      train: ref("part", {
        default: {},
        description: "Which of the training images are used. Default: all.",
      }),
      test: ref("part", { default: {}, description: "Which of the test images are used. Default: all." }),
      scale: ref("scale", { default: "unit" }),
      only: ref("only"),
      labelNoise: ref("labelNoise"),
    },
    snippets: name === "fashion-mnist" ? [snippet] : [],
    examples: { key: "train.take", most: examples.train },
    test: "test",
    targets: "labels",
    from: `the public set ${name}`,
  };
}

const pointTo = (hint: string) => (error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  throw new UserError(error.problems.map((problem) => ({ ...problem, hint })));
};

/** A prefix of a set under the set's own name would make results that say what they are not. */
function whole(images: LabelledImages, expected: number, name: string): LabelledImages {
  const found = images.labels.length;
  if (found === expected) return images;
  throw fileError(
    images.imageFile,
    `Expected the ${expected} examples of ${name}; found ${found}.`,
    `Get the whole set with \`basin fetch ${name}\`, or name these files with the "idx" or "cifar" source.`,
  );
}
