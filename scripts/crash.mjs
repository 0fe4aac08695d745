// `npm run crash`: kills runs at every operation on their folder and sees that nothing is lost.
import { runTypescript } from "./runTypescript.mjs";

await runTypescript("test/crash/main.ts", process.argv.slice(2));
