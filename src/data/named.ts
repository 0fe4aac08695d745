// Public data sets by name, read from the cache folder that `basin fetch` fills.
import { join } from "node:path";
import { fileError, UserError } from "../protocol/errors";
import { cacheHere } from "../protocol/cacheFolder";
import { filesOf, howToGet, namedSets, type NamedSet, type SetName } from "../protocol/namedSets";
import { cifarClasses, readBatches } from "./cifar";
import type { ReadBytes } from "./dataset";
import { readPair } from "./idx";
import { imageDataset, type LabelledImages } from "./images";
import { defineSource, type DataSource } from "./source";

const named = <S extends SetName>(name: S, summary: string): DataSource<SetName> =>
  defineSource<SetName>({
    source: name,
    summary,
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

/** Every set here has ten classes. */
export const namedSources = [
  named("fashion-mnist", "Fashion-MNIST, fetched by name"),
  named("mnist", "MNIST, fetched by name"),
  named("cifar-10", "CIFAR-10, fetched by name"),
] as const;

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
