// What is in the bundles that people load, and what is not.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../support/runs";

const read = (...path: readonly string[]): string => readFileSync(join(root, ...path), "utf8");

/** Words that only Ajv's compiler has. */
const compiler = ["schema is invalid", "strictSchema"];

test.each(["extension.js", "browser.js", "cli.js", "run.js", "queue.js"])(
  "%s holds the schema's validator ready made, not the compiler that takes longer than a small run's start",
  (bundle) => {
    const ajv = read("node_modules", "ajv", "dist", "core.js");
    const text = read("dist", bundle);
    for (const word of compiler) {
      expect(ajv).toContain(word);
      expect(text).not.toContain(word);
    }
  },
);

test.each(["extension.js", "browser.js", "queue.js", "webview/panel.js"])("%s loads no engine", (bundle) => {
  expect(read("dist", "run.js")).toMatch(/onnxruntime-(node|web)/);
  expect(read("dist", bundle)).not.toMatch(/require\("onnxruntime|from"onnxruntime|import\("onnxruntime/);
});
