// IDX files, the format of MNIST and its family, gzipped or not.
import { ref } from "../protocol/fragment";
import { fileError } from "../protocol/errors";
import type { FilePair } from "../protocol/experiment";
import type { ReadBytes } from "./dataset";
import { unpack } from "./gzip";
import { imageDataset, type LabelledImages } from "./images";
import { defineSource } from "./source";

export const idx = defineSource({
  source: "idx",
  spec: {
    about: "IDX files (MNIST, Fashion-MNIST), gzipped or not.",
    required: ["train"],
    properties: {
      train: ref("filePair", { description: "Training images and labels." }),
      test: ref("filePair", { description: "Test images and labels; needed for the generalization gap." }),
      scale: ref("scale", { default: "unit" }),
      classes: ref("classes"),
      only: ref("only"),
      labelNoise: ref("labelNoise"),
    },
    examples: { key: "train.take" },
    test: "test",
    snippets: [
      {
        label: "idx: MNIST-like files",
        body: {
          source: "idx",
          train: {
            images: "${1:data/train-images-idx3-ubyte.gz}",
            labels: "${2:data/train-labels-idx1-ubyte.gz}",
            take: 1000,
          },
          scale: "unit",
        },
      },
    ],
    targets: "labels",
    from: "{train.images}",
  },
  async load(spec, { readBytes }) {
    const train = await readPair(spec.train, readBytes);
    return imageDataset(spec, train, spec.test ? await readPair(spec.test, readBytes) : null);
  },
});

/** Both files of a pair, whole. @throws UserError naming the file, what was expected and what was found. */
export async function readPair(pair: FilePair, readBytes: ReadBytes): Promise<LabelledImages> {
  const images = parseIdx(await readBytes(pair.images), pair.images);
  const labels = parseIdx(await readBytes(pair.labels), pair.labels);
  const magic = (rank: number) => 0x800 + rank;
  if (images.shape.length < 2) {
    const found = `found ${magic(images.shape.length)} (a list of labels)`;
    throw fileError(
      pair.images,
      `Expected IDX images, magic number 2051; ${found}.`,
      "Are images and labels exchanged?",
    );
  }
  if (labels.shape.length !== 1) {
    const found = `found ${magic(labels.shape.length)} (${labels.shape.length} dimensions)`;
    throw fileError(
      pair.labels,
      `Expected IDX labels, magic number 2049; ${found}.`,
      "Are images and labels exchanged?",
    );
  }
  const [count, ...size] = images.shape;
  if (count !== labels.shape[0]) {
    throw fileError(
      pair.labels,
      `Expected ${count} labels, one for each image of ${pair.images}; found ${labels.shape[0]}.`,
    );
  }
  const D = size.reduce((a, b) => a * b, 1);
  if (D === 0)
    throw fileError(pair.images, `Expected images of at least one pixel; found size ${size.join("×")}.`);
  return {
    imageFile: pair.images,
    labelFile: pair.labels,
    // A grey image is one channel: [1, height, width], as PyTorch lays it out.
    size: size.length === 2 ? [1, ...size] : size,
    pixels: images.bytes,
    labels: labels.bytes,
    part: pair,
  };
}

/** What other element types of IDX are called. */
const elements: Readonly<Record<number, string>> = {
  0x09: "signed byte",
  0x0b: "16-bit integer",
  0x0c: "32-bit integer",
  0x0d: "32-bit float",
  0x0e: "64-bit float",
};

/** Bytes an IDX file has by its header; any number for what is none, which is then refused by name. */
function promisedBytes(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const start = 4 + 4 * (head[3] ?? 0);
  if (head.length < start) return head.length;
  let size = 1;
  for (let at = 4; at < start; at += 4) size *= view.getUint32(at);
  return start + size;
}

/**
 * Parses an IDX file of unsigned bytes: magic 00 00 08 rank, then each dimension as a big-endian 32-bit integer, then the
 * elements, row-major.
 *
 * @source  Y. LeCun, "The MNIST database of handwritten digits", section "File formats".
 * @throws  UserError naming the file, what was expected and what was found.
 */
export function parseIdx(raw: Uint8Array, file: string): { shape: number[]; bytes: Uint8Array } {
  const data = unpack(raw, file, promisedBytes);
  if (data.length < 4) throw fileError(file, `Expected an IDX file; found only ${data.length} bytes.`);
  const [zero0, zero1, type, rank] = data;
  if (zero0 !== 0 || zero1 !== 0 || rank === 0) {
    const found = [...data.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw fileError(
      file,
      `Expected an IDX file, which starts with 00 00 08 (magic number 2051 or 2049); found ${found}.`,
    );
  }
  if (type !== 8) {
    throw fileError(
      file,
      `Expected IDX elements of type 0x08 (unsigned byte); found 0x${type.toString(16).padStart(2, "0")}${elements[type] ? ` (${elements[type]})` : ""}.`,
      elements[type]
        ? 'Save the arrays as .npz, which may hold any numbers, and use "source": "npz".'
        : undefined,
    );
  }
  const start = 4 + 4 * rank;
  if (data.length < start) {
    throw fileError(
      file,
      `The file is truncated: an IDX header of ${rank} dimensions takes ${start} bytes; found ${data.length}.`,
    );
  }
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((a, b) => a * b, 1);
  const found = data.length - start;
  if (found !== size) {
    const what = found < size ? "The file is truncated" : "The file has bytes behind its data";
    throw fileError(file, `${what}: its header says ${shape.join("×")} = ${size} bytes; found ${found}.`);
  }
  return { shape, bytes: data.subarray(start) };
}
