// `npm run tables`: README's tables of commands and settings, anew from package.json.
import { runTypescript } from "./runTypescript.mjs";

await runTypescript("scripts/readmeTables/write.ts", []);
