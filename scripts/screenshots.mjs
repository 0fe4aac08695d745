// `npm run screenshots [-- PART …] [--readme]`: every view of the extension in real VS Code, light, dark and high contrast, narrow and wide, as pictures to look at.
import { runTypescript } from "./runTypescript.mjs";

await runTypescript("test/e2e/gallery.ts", process.argv.slice(2));
