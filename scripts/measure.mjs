// `npm run measure [STARTS [PART…]]`: the size of this platform's VSIX, and how long the extension takes to activate in real VS Code.
import { runTypescript } from "./runTypescript.mjs";

await runTypescript("test/e2e/measure.ts", process.argv.slice(2));
