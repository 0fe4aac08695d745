// Brings one named data set into its folder of the cache.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "../../protocol/errors";
import { filesOf, type NamedSet } from "../../protocol/namedSets";
import { download, sizeAt, type DownloadOptions } from "./download";
import { untar } from "./untar";

type FileStatus = "present" | "fetched" | "unpacked";

export interface FetchReport {
  /** A download begins or goes on. */
  progress(file: string, received: number, bytes: number): void;
  note(message: string): void;
  /** A file is there, whole and checked. */
  file(path: string, status: FileStatus, bytes: number): void;
}

export type FetchOptions = Omit<DownloadOptions, "onProgress" | "onNote"> & {
  /** Where to fetch from, in place of the set's own homes. */
  readonly homes?: readonly string[];
};

/**
 * @param folder The set's folder in the cache; made when it is not there.
 * @throws UserError when the folder cannot be made; Error saying what each home answered.
 */
export async function fetchSet(
  set: NamedSet,
  folder: string,
  report: FetchReport,
  { homes = set.homes, ...options }: FetchOptions,
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw fileError(folder, `cannot be made (${code})`, "Set BASIN_CACHE to a folder that can be written.");
  }
  if (set.members && (await hasMembers(set, folder, report))) return;
  for (const file of set.downloads) {
    const target = join(folder, file.name);
    const status = await download(file, homes, target, {
      ...options,
      onProgress: (received) => report.progress(file.name, received, file.bytes),
      onNote: (message) => report.note(message),
    });
    if (!set.members) report.file(target, status, file.bytes);
    else await unpack(set, target, folder, report);
  }
}

/** Members have no published checksums of their own: they come out of a checked archive, and their size must be right. */
async function hasMembers(set: NamedSet, folder: string, report: FetchReport): Promise<boolean> {
  const paths = filesOf(set).map((name) => join(folder, name));
  const sizes = await Promise.all(paths.map(sizeAt));
  if (sizes.some((size) => size !== set.members?.bytes)) return false;
  paths.forEach((path, i) => report.file(path, "present", sizes[i]!));
  return true;
}

async function unpack(set: NamedSet, archive: string, folder: string, report: FetchReport): Promise<void> {
  const { folder: inside, names, bytes } = set.members!;
  const found = await untar(archive, new Map(names.map((name) => [`${inside}/${name}`, join(folder, name)])));
  for (const name of names) {
    const path = join(folder, name);
    const size = found.get(path);
    if (size !== bytes) {
      const what = size === undefined ? `has no ${inside}/${name}` : `has ${size} bytes of ${inside}/${name}`;
      throw new Error(`${archive} ${what}; expected ${bytes} bytes.`);
    }
    report.file(path, "unpacked", size);
  }
  await rm(archive);
}
