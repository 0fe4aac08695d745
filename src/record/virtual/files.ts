// Files where there is no disk to open them on: an editor's own file system, which is asked for a file whole. Read as carefully as those of a disk.

export type FileKind = "file" | "folder" | "link" | "other";

export interface FileStat {
  readonly kind: FileKind;
  /** Bytes, as far as the file system tells. */
  readonly size: number;
  /** Another one when the file has changed. */
  readonly stamp: string;
}

/** What a file system can be asked. A place is whatever names a file there; only `within` makes one of another. */
export interface Files {
  within(folder: string, ...names: string[]): string;
  /** Null where nothing stands. @throws Error when it cannot be told. */
  stat(place: string): Promise<FileStat | null>;
  /** Nothing for a folder that is not there. @throws Error when it cannot be listed. */
  list(folder: string): Promise<readonly { readonly name: string; readonly kind: FileKind }[]>;
  /** @throws Error when it cannot be read. */
  read(place: string): Promise<Uint8Array>;
}

export interface PlainFile {
  readonly bytes: Uint8Array;
  readonly stamp: string;
}

/**
 * A plain file of at most `largest` bytes, or null where there is none. What stands in its place is told before a byte is read.
 *
 * @throws Error that says what stands there instead: "is a link", "has 9 bytes, more than 8".
 */
export async function readPlain(files: Files, place: string, largest: number): Promise<PlainFile | null> {
  const stat = await files.stat(place);
  if (!stat) return null;
  const obstacle = obstacleOf(stat, largest);
  if (obstacle !== null) throw new Error(obstacle);
  const bytes = await files.read(place);
  // A size is what a file system says it is; some say 0 of what they have not fetched.
  if (bytes.length > largest) throw new Error(tooLarge(bytes.length, largest));
  return { bytes, stamp: stat.stamp };
}

const tooLarge = (size: number, largest: number): string => `has ${size} bytes, more than ${largest}`;

/** What keeps a file from being read. */
export function obstacleOf({ kind, size }: FileStat, largest: number): string | null {
  if (kind === "link") return "is a link";
  if (kind !== "file") return "is no plain file";
  return size > largest ? tooLarge(size, largest) : null;
}

/** A small JSON file as a value nobody has checked yet; undefined where there is none. @throws Error that says what is wrong with it. */
export async function readJson(files: Files, place: string, largest: number): Promise<unknown> {
  const file = await readPlain(files, place, largest);
  if (file === null) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(file.bytes));
  } catch {
    throw new Error("is no JSON");
  }
}
