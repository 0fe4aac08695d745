// An esbuild plugin: the schema's validator as code, in the place of the compiler that makes it.
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import standaloneCode from "ajv/dist/standalone/index.js";
import { build } from "esbuild";

const outfile = resolve("dist", "tools", "experimentValidator.cjs");

/** @param path  The module that exports `compileSchema`. */
async function codeOf(path) {
  mkdirSync(dirname(outfile), { recursive: true });
  const options = { bundle: true, platform: "node", format: "cjs", packages: "external" };
  await build({ ...options, entryPoints: [path], outfile });
  const require = createRequire(import.meta.url);
  delete require.cache[outfile];
  const { validate, ajv } = require(outfile).compileSchema();
  const code = standaloneCode.default(ajv, validate);
  // Inside a function, which costs nothing until it is called.
  return `exports.compileSchema = () => { const module = { exports: {} };\n${code}\nreturn { validate: module.exports }; };`;
}

/** @param again  Whether the module may change between two builds. */
export function readyValidator(again) {
  let made;
  return {
    name: "ready validator",
    setup: ({ onLoad }) =>
      onLoad({ filter: /[\\/]protocol[\\/]experimentValidator\.ts$/ }, async ({ path }) => {
        if (again) made = undefined;
        made ??= codeOf(path);
        return { contents: await made, loader: "js", resolveDir: dirname(path) };
      }),
  };
}
