// The binary version of CIFAR-10: records of one label byte and 3 × 32 × 32 pixel bytes.
import { ref } from "../protocol/fragment";
import { fileError } from "../protocol/errors";
import type { FileList } from "../protocol/experiment";
import type { ReadBytes } from "./dataset";
import { unpack } from "./gzip";
import { imageDataset, type LabelledImages } from "./images";
import { defineSource } from "./source";

const size = [3, 32, 32];
const pixels = 3 * 32 * 32;
const record = 1 + pixels;
export const cifarClasses = 10;

export const cifar = defineSource({
  source: "cifar",
  spec: {
    about: "CIFAR-10 binary files (data_batch_1.bin …).",
    required: ["train"],
    properties: {
      train: ref("fileList", { description: "Training files." }),
      test: ref("fileList", { description: "Test files; needed for the generalization gap." }),
      scale: ref("scale", { default: "unit" }),
      only: ref("only"),
      labelNoise: ref("labelNoise"),
    },
    examples: { key: "train.take" },
    test: "test",
    targets: "labels",
    from: "{train.files}",
  },
  async load(spec, { readBytes }) {
    const train = await readBatches(spec.train, readBytes);
    const test = spec.test ? await readBatches(spec.test, readBytes) : null;
    return imageDataset({ ...spec, classes: cifarClasses }, train, test);
  },
});

/**
 * All records of a list of files, in order; planes red, green, blue as they stand: channels first.
 *
 * @source  A. Krizhevsky, "The CIFAR-10 dataset", section "Binary version".
 * @throws  UserError naming the file, and the record where one is wrong.
 */
export async function readBatches(part: FileList, readBytes: ReadBytes): Promise<LabelledImages> {
  const batches: Uint8Array[] = [];
  for (const file of part.files) batches.push(checked(unpack(await readBytes(file), file), file));
  const n = batches.reduce((sum, { length }) => sum + length / record, 0);
  const images = new Uint8Array(n * pixels);
  const labels = new Uint8Array(n);
  let i = 0;
  for (const batch of batches) {
    for (let at = 0; at < batch.length; at += record, i++) {
      labels[i] = batch[at];
      images.set(batch.subarray(at + 1, at + record), i * pixels);
    }
  }
  const file = part.files.join(", ");
  return { imageFile: file, labelFile: file, size, pixels: images, labels, part };
}

function checked(bytes: Uint8Array, file: string): Uint8Array {
  if (bytes.length === 0 || bytes.length % record !== 0) {
    const whole = Math.floor(bytes.length / record);
    throw fileError(
      file,
      `Expected CIFAR-10 records of ${record} bytes each; found ${bytes.length} bytes, ${whole} records and ${bytes.length % record} bytes more.`,
      "The file is truncated, or it is not the binary version of CIFAR-10.",
    );
  }
  for (let at = 0; at < bytes.length; at += record) {
    if (bytes[at] < cifarClasses) continue;
    throw fileError(
      file,
      `Record ${at / record} (counted from 0) has label ${bytes[at]}; expected 0 … ${cifarClasses - 1}.`,
      "The file is damaged, or it is not the binary version of CIFAR-10 (CIFAR-100 has two label bytes).",
    );
  }
  return bytes;
}
