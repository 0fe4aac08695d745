// Which runs folders a file may name, whoever wrote it.
import { realpathSync } from "node:fs";
import { isAbsolute, relative, sep } from "node:path";
import { runsFolder } from "../../protocol/runFolder";

/** Whether `dir` is a runs folder inside one of these workspace folders, no link leading out of it. */
export function isRunsDirHere(dir: string, folders: readonly string[]): boolean {
  if (!dir.endsWith(`${sep}${runsFolder.replaceAll("/", sep)}`)) return false;
  try {
    const real = realpathSync(dir);
    return folders.some((folder) => {
      const way = relative(realpathSync(folder), real);
      return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
    });
  } catch {
    return false;
  }
}
