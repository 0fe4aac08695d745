// `npm test [-- --unit | --e2e]`: set-up, types, lint, unit and integration tests, then real VS Code. Ends with real counts.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle, install, root } from "./setup.mjs";

const only = process.argv.includes("--unit") ? "unit" : process.argv.includes("--e2e") ? "e2e" : "all";
const counts = { passed: 0, failed: 0, skipped: 0 };
const folder = mkdtempSync(join(tmpdir(), "basin-test-"));

const node = (args, options = {}) => spawnSync(process.execPath, args, { cwd: root, encoding: "utf8", ...options });
const bin = (name) => join(root, "node_modules", name);

/** Debian as root can fetch what a test needs; elsewhere the tests that need it are skipped by name, and this says why. */
function installSystemParts() {
  const needs = [
    { what: "Chromium", there: () => existsSync("/usr/bin/chromium"), apt: ["chromium"] },
    { what: "Python with torch", there: () => spawnSync("/usr/bin/python3", ["-c", "import torch"]).status === 0, apt: ["python3-torch"] },
  ].filter(({ there }) => !there());
  if (needs.length === 0) return;
  const debian = existsSync("/etc/debian_version") && process.getuid?.() === 0;
  if (!debian) {
    for (const { what, apt } of needs) console.log(`${what} is not here: its tests are skipped. On Debian: apt-get install ${apt.join(" ")}`);
    return;
  }
  console.log(`Installing ${needs.map(({ what }) => what).join(" and ")}…`);
  const apt = (args) => spawnSync("apt-get", args, { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  apt(["update", "-qq"]);
  apt(["install", "-y", "-qq", "--no-install-recommends", ...needs.flatMap(({ apt }) => apt)]);
}

/** A check that is one test: passes when the command exits 0, prints its output when not. */
function check(name, args) {
  const { status, stdout, stderr } = node(args);
  counts[status === 0 ? "passed" : "failed"]++;
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name}`);
  if (status !== 0) console.log(stdout + stderr);
}

/** Runs vitest and adds its counts. A runner that dies without a report is a failure, not silence. */
function vitest(name, args) {
  const report = join(folder, `${name}.json`);
  const { status } = node([bin("vitest/vitest.mjs"), "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...args], { stdio: "inherit" });
  if (!existsSync(report)) {
    counts.failed++;
    console.log(`FAIL ${name}: the test runner ended with status ${status} and no report`);
    return;
  }
  const { testResults, numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, "utf8"));
  counts.passed += numPassedTests;
  counts.failed += numFailedTests;
  counts.skipped += numPendingTests + numTodoTests;
  // A file that could not be loaded holds no test that could fail; it counts as one.
  const broken = testResults.filter(({ status, assertionResults }) => status === "failed" && assertionResults.every((test) => test.status !== "failed"));
  counts.failed += broken.length;
  if (status !== 0 && numFailedTests === 0 && broken.length === 0) counts.failed++;
  for (const { assertionResults } of testResults)
    for (const test of assertionResults) if (test.status === "pending" || test.status === "skipped") console.log(`skipped: ${test.fullName}`);
}

install();
installSystemParts();
bundle();
if (only !== "e2e") {
  check("types", [bin("typescript/bin/tsc"), "--noEmit", "-p", "tsconfig.json"]);
  check("types of the panel", [bin("typescript/bin/tsc"), "--noEmit", "-p", "webview/tsconfig.json"]);
  check("lint and import rules", [bin("eslint/bin/eslint.js"), "."]);
  check("format", [bin("prettier/bin/prettier.cjs"), "--check", "--log-level=warn", "."]);
  vitest("unit", []);
}
if (only !== "unit" && existsSync(join(root, "test/e2e/vitest.config.ts"))) {
  check("package", [join(root, "scripts/package.mjs")]);
  vitest("e2e", ["--config", "test/e2e/vitest.config.ts"]);
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed > 0 ? 1 : 0);
