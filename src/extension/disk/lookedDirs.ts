// Runs folders that a file of the workspace named, such as a notebook: their runs are listed too.
import { dirname } from "node:path";
import { folders } from "./runsDirs";
import { isRunsDirHere } from "./runsDirHere";

/** Others are not looked for: a file may be anyone's. */
const most = 50;

export class LookedDirs {
  private readonly dirs = new Set<string>();

  get all(): readonly string[] {
    return [...this.dirs];
  }

  /** @param named  Run folders; each counts where what it lies in is a runs folder inside the workspace. */
  look(named: readonly string[]): void {
    for (const dir of named.map((folder) => dirname(folder)))
      if (this.dirs.size < most && isRunsDirHere(dir, folders())) this.dirs.add(dir);
  }
}
