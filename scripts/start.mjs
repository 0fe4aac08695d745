// `npm start [-- FILE…]`: set-up, then the main job on an example (or the files given), then how to open it in VS Code.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { bundle, install, root } from "./setup.mjs";

const [major] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(`Basin needs Node 20 or later; this is ${process.versions.node}.`);
  process.exit(1);
}
install();
bundle();
const given = process.argv.slice(2);
const what = given.length > 0 ? given : [join(root, "examples", "edge-of-stability.basin.json")];
const { status } = spawnSync(process.execPath, [join(root, "dist", "cli.js"), "run", ...what], { stdio: "inherit" });
if (status === 0 && given.length === 0) {
  console.log(`
The same in VS Code:
  1. npm run package                                   makes basin-<platform>.vsix
  2. code --install-extension basin-<platform>.vsix    (or: Extensions view, ⋯, Install from VSIX…)
  3. code examples                                     open edge-of-stability.basin.json and press ▶ Run above it

Your own:  npm start -- path/to/your.basin.json`);
}
process.exit(status ?? 1);
