// `npm run pictures [-- NAME…]`: runs the examples that repeat a published effect and draws each into examples/pictures.
import { runTypescript } from "./runTypescript.mjs";

await runTypescript("scripts/pictures/pictures.ts", process.argv.slice(2));
