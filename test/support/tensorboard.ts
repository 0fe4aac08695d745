// TensorBoard's own reader of event files, where `npm test` could install it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheHere } from "../../src/protocol/cacheFolder";
import version from "./tensorboardVersion.json";

const folder = join(cacheHere(), `tensorboard-${version}`);
/** What PYTHONPATH must hold; null where it is not installed. */
export const tensorboardPath = existsSync(join(folder, "tensorboard", "version.py")) ? folder : null;
