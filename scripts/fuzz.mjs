// `npm run fuzz [-- COUNT]`: damaged inputs of every format.
import { runTypescript } from "./runTypescript.mjs";

await runTypescript("test/fuzz/main.ts", process.argv.slice(2));
