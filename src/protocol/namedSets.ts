// The public data sets an experiment can name: their files, where those come from, and how to know them for whole.

export interface SetFile {
  readonly name: string;
  readonly bytes: number;
  readonly md5: string;
}

export interface NamedSet {
  /** What is written as `data.source`, and the name of its folder in the cache. */
  readonly name: string;
  /** One line about it. */
  readonly about: string;
  /** Files as they are served, under each of the homes. */
  readonly downloads: readonly SetFile[];
  /** Folders that serve the files, tried in this order. */
  readonly homes: readonly string[];
  /** When the download is a tar archive: its members that are kept, in the folder they stand in, all of one size. */
  readonly members?: { readonly folder: string; readonly names: readonly string[]; readonly bytes: number };
  readonly examples: { readonly train: number; readonly test: number };
}

const idxFiles = (sizes: readonly (readonly [number, string])[]): SetFile[] =>
  ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"].map((stem, i) => ({
    name: `${stem}-ubyte.gz`,
    bytes: sizes[i][0],
    md5: sizes[i][1],
  }));

/** MD5 sums as the sets' own pages and torchvision publish them. */
export const namedSets = {
  "fashion-mnist": {
    name: "fashion-mnist",
    about: "Fashion-MNIST by name: 60000 and 10000 grey images of clothes;",
    downloads: idxFiles([
      [26421880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"],
      [29515, "25c81989df183df01b3e8a0aad5dffbe"],
      [4422102, "bef4ecab320f06d8554ea6380940ec79"],
      [5148, "bb300cfdad3c16e7a12a480ee83cd310"],
    ]),
    homes: [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ],
    examples: { train: 60_000, test: 10_000 },
  },
  mnist: {
    name: "mnist",
    about: "MNIST by name: 60000 and 10000 grey images of digits;",
    downloads: idxFiles([
      [9912422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"],
      [28881, "d53e105ee54ea40749a09fcbcd1e9432"],
      [1648877, "9fb629c4189551a2d022fa330f9573f3"],
      [4542, "ec29112dd5afa0611ce80d1b7f02629c"],
    ]),
    homes: [
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ],
    examples: { train: 60_000, test: 10_000 },
  },
  "cifar-10": {
    name: "cifar-10",
    about: "CIFAR-10 by name: 50000 and 10000 colour images;",
    downloads: [
      { name: "cifar-10-binary.tar.gz", bytes: 170052171, md5: "c32a1d4ab5d03f1284b67883e8d87530" },
    ],
    homes: ["https://www.cs.toronto.edu/~kriz/"],
    members: {
      folder: "cifar-10-batches-bin",
      names: [...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`), "test_batch.bin"],
      bytes: 10_000 * 3073,
    },
    examples: { train: 50_000, test: 10_000 },
  },
} as const satisfies Record<string, NamedSet>;

export type SetName = keyof typeof namedSets;
export const setNames = Object.keys(namedSets) as SetName[];
export const isSetName = (name: string): name is SetName => Object.hasOwn(namedSets, name);

/** Names of the files a run reads, as they lie in the set's folder of the cache. */
export const filesOf = ({ downloads, members }: NamedSet): readonly string[] =>
  members?.names ?? downloads.map(({ name }) => name);

/** What to do about a set that is not there; the same words in the editor, on the command line and in a run. */
export function howToGet(set: NamedSet, folder: string): string {
  const files = filesOf(set).join(", ");
  return `Get it with \`basin fetch ${set.name}\`. Offline, put ${files} into ${folder}.`;
}
