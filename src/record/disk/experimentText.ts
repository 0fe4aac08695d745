// The text of an experiment file that another one extends.
import { readPlainFile } from "./files";

/** No experiment that a person wrote is longer. */
const largest = 4_000_000;

/** Undefined where there is no such file, or none that is safe to read. */
export function experimentText(path: string): string | undefined {
  try {
    return readPlainFile(path, largest)?.toString("utf8");
  } catch {
    return undefined;
  }
}
