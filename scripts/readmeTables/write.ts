// Writes README's tables of commands and settings anew from package.json.
import { readFileSync, writeFileSync } from "node:fs";
import { withTables, type Manifest } from "./tables";

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
writeFileSync("README.md", withTables(readFileSync("README.md", "utf8"), manifest));
