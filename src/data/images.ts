// Labelled byte images, however they are stored, to a data set: classes counted, examples selected, pixels scaled.
import { fileError } from "../protocol/errors";
import type { Part, Scale } from "../protocol/experiment";
import type { Dataset, Split } from "./dataset";
import { scaler } from "./scale";
import { gather, select } from "./select";
import { checkLabels, countClasses, oneHot } from "./targets";

/** All images of a split's files, before any are selected. */
export interface LabelledImages {
  /** Names for messages. */
  readonly imageFile: string;
  readonly labelFile: string;
  /** Shape of one image. */
  readonly size: readonly number[];
  /** [n, …size], row-major. */
  readonly pixels: Uint8Array;
  /** [n] */
  readonly labels: Uint8Array;
  readonly part: Part;
}

interface Options {
  /** Labels to keep; the i-th of them becomes class i. */
  readonly only?: readonly number[];
  readonly scale: Scale;
  readonly classes?: number;
}

/**
 * @param classes Number of classes K; without it, counted over the whole training file.
 * @throws UserError naming file and position of the first label out of range, or a selection that is not there.
 */
export function imageDataset(
  { scale, classes, only }: Options,
  train: LabelledImages,
  test: LabelledImages | null,
): Dataset {
  if (test && test.size.join() !== train.size.join()) {
    const message = `Expected images of the training set's size ${words(train.size)}; found ${words(test.size)}.`;
    throw fileError(test.imageFile, message);
  }
  const inFile = countClasses(train.labels, classes, train.labelFile);
  if (test) checkLabels(test.labels, inFile, test.labelFile);
  const outputs = only ? only.length : inFile;
  const D = train.size.reduce((a, b) => a * b, 1);
  const chosen = (images: LabelledImages) => {
    const { rows, labels } = select(images.labels, only, images.part, images.imageFile);
    return { labels, pixels: gather(images.pixels, D, rows) };
  };
  const training = chosen(train);
  const scaled = scaler(scale, training.pixels, D);
  const split = ({ labels, pixels }: ReturnType<typeof chosen>): Split => ({
    n: labels.length,
    x: scaled(pixels),
    y: oneHot(labels, outputs),
    labels,
  });
  return { inputShape: train.size, outputs, train: split(training), test: test ? split(chosen(test)) : null };
}

/** "28×28" for a grey image, "3×32×32" for a colour one. */
const words = ([channels, ...rest]: readonly number[]): string =>
  (channels === 1 && rest.length > 0 ? rest : [channels, ...rest]).join("×");
