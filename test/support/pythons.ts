// The Pythons with torch that tests of the bridge run in: the system's, and a current one where `npm test` could make its environment.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheHere } from "../../src/protocol/cacheFolder";
import { python as system } from "./runs";
import version from "./torchVersion.json";

const current = join(cacheHere(), `torch-${version}`);

export const pythons: readonly { readonly name: string; readonly path: string | null }[] = [
  { name: "the system's torch", path: system },
  {
    name: `torch ${version}`,
    path: existsSync(join(current, "complete")) ? join(current, "bin", "python") : null,
  },
];
