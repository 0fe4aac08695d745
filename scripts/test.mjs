// `npm test`: set-up, types, lint, unit and integration tests, and the packed extension in real VS Code; one line of counts at the end.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { root, setup } from "./setup.mjs";

const flags = process.argv.slice(2);
const unknown = flags.find((flag) => flag !== "--unit" && flag !== "--e2e");
if (unknown) {
  process.stderr.write(`Unknown option ${unknown}; known: --unit, --e2e.\n`);
  process.exit(2);
}
const all = flags.length === 0;
const counts = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const skipped = [];
/** Said last of all before the counts. */
let pretence = "";
const say = (text) => process.stdout.write(`${text}\n`);

function pass(name) {
  counts.passed++;
  say(`✓ ${name}`);
}
function fail(name, text) {
  counts.failed++;
  failures.push({ name, text });
  say(`✗ ${name}`);
}

const run = (args, options = {}) =>
  spawnSync(process.execPath, args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    timeout: 45 * 60_000,
    ...options,
  });

/** One check that is a program: passes when every call exits with 0. */
function program(name, ...calls) {
  for (const args of calls) {
    const { status, stdout, stderr, error } = run(args);
    if (status !== 0) return fail(name, `${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}`);
  }
  pass(name);
}

const tool = (path) => join(root, "node_modules", ...path.split("/"));

/** Runs vitest and adds up what its JSON report says; a file or a runner that broke counts as failed. */
function vitest(name, ...args) {
  say(`\n${name}`);
  const folder = mkdtempSync(join(tmpdir(), "basin-test-"));
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { status, error } = run([tool("vitest/vitest.mjs"), "run", ...reporters, ...args], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, CI: "1" },
  });
  const failedBefore = counts.failed;
  try {
    for (const file of JSON.parse(readFileSync(report, "utf8")).testResults) readFile(file);
  } catch {
    fail(`${name}: the test runner left no report`, error?.message ?? `It ended with status ${status}.`);
  }
  rmSync(folder, { recursive: true, force: true });
  if (status !== 0 && counts.failed === failedBefore) {
    fail(`${name}: the test runner ended with status ${status}`, error?.message ?? "See its output above.");
  }
}

function readFile({ name, status, message, assertionResults }) {
  const file = relative(root, name);
  let failed = 0;
  for (const test of assertionResults) {
    if (test.status === "passed") counts.passed++;
    else if (test.status === "failed") {
      failed++;
      counts.failed++;
      failures.push({ name: `${file}: ${test.fullName}`, text: (test.failureMessages ?? []).join("\n") });
    } else {
      counts.skipped++;
      skipped.push(`${file}: ${test.fullName}`);
    }
  }
  // The file did not load, or a hook of it failed.
  if (status === "failed" && failed === 0) {
    counts.failed++;
    failures.push({ name: file, text: message || "The file could not be run." });
  }
}

/** Whether the engine that `basin fetch tensorflow` builds can be had on a machine like this. */
const nativeTensorflow = () =>
  process.platform === "linux" && process.arch === "x64" && !flags.includes("--e2e");

/** Builds the native TensorFlow engine where it is not in the cache yet: its tests are skipped without it. */
function tensorflow() {
  if (!nativeTensorflow()) return;
  const { status, stderr } = run([join("dist", "cli.js"), "fetch", "tensorflow", "--yes"]);
  if (status !== 0) say(`Native TensorFlow could not be built; its tests are skipped.\n${stderr ?? ""}`);
}

/** Installs TensorBoard, whose own reader must read our event files, into the cache where it is not there yet. */
function tensorboard() {
  if (flags.includes("--e2e")) return;
  const version = JSON.parse(readFileSync(join(root, "test", "support", "tensorboardVersion.json"), "utf8"));
  const cache =
    process.env.BASIN_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "basin");
  const folder = join(cache, `tensorboard-${version}`);
  if (process.platform !== "linux" || existsSync(join(folder, "tensorboard", "version.py"))) return;
  say(`Installing TensorBoard ${version} …`);
  const pip = ["-m", "pip", "install", "--quiet", "--target", folder, `tensorboard==${version}`];
  const { status, stderr, error } = spawnSync("python3", pip, { encoding: "utf8", timeout: 10 * 60_000 });
  if (status === 0) return;
  rmSync(folder, { recursive: true, force: true });
  say(`TensorBoard could not be installed; its test is skipped.\n${stderr ?? error?.message ?? ""}`);
}

/** Makes an environment with a current PyTorch in the cache, for the bridge's tests beside the system's older one. */
function currentTorch() {
  if (flags.includes("--e2e") || process.platform !== "linux") return;
  const version = JSON.parse(readFileSync(join(root, "test", "support", "torchVersion.json"), "utf8"));
  const cache =
    process.env.BASIN_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "basin");
  const folder = join(cache, `torch-${version}`);
  const done = join(folder, "complete");
  if (existsSync(done)) return;
  say(`Installing PyTorch ${version} …`);
  rmSync(folder, { recursive: true, force: true });
  const python = (path, ...args) => spawnSync(path, args, { encoding: "utf8", timeout: 15 * 60_000 });
  const made = python("python3", "-m", "venv", folder);
  const pip = ["-m", "pip", "install", "--quiet", "--retries", "0", `torch==${version}`, "numpy"];
  const { status, stderr, error } = made.status === 0 ? python(join(folder, "bin", "python"), ...pip) : made;
  if (status === 0) {
    writeFileSync(done, "");
    return;
  }
  rmSync(folder, { recursive: true, force: true });
  say(`A current PyTorch could not be installed; its tests are skipped.\n${stderr ?? error?.message ?? ""}`);
}

/** Unpacks slurmdbd and MariaDB into the cache: a cluster with real accounts, of which nothing is installed. */
function slurmAccounts() {
  if (flags.includes("--e2e") || process.platform !== "linux" || spawnSync("which", ["sbatch"]).status !== 0)
    return;
  const support = join(root, "test", "support", "slurm");
  const name = JSON.parse(readFileSync(join(support, "accountsFolder.json"), "utf8"));
  const folder = join(
    process.env.BASIN_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "basin"),
    name,
  );
  if (existsSync(join(folder, "complete"))) return;
  say("Unpacking slurmdbd and MariaDB …");
  const { status, stderr, error } = spawnSync(join(support, "accounts.sh"), [folder], {
    encoding: "utf8",
    timeout: 5 * 60_000,
  });
  if (status === 0) return writeFileSync(join(folder, "complete"), "");
  rmSync(folder, { recursive: true, force: true });
  say(`Accounts of Slurm cannot be had here; their tests are skipped.\n${stderr ?? error?.message ?? ""}`);
}

/** What the tests need from the system: a browser for VS Code, PyTorch and SciPy to compare with. */
function systemPackages() {
  const python = "import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)";
  const has = (module) => spawnSync("/usr/bin/python3", ["-c", python, module]).status === 0;
  const browser = process.env.BASIN_CHROMIUM ?? "/usr/bin/chromium";
  const works = (...command) => spawnSync(command[0], command.slice(1)).status === 0;
  const missing = [
    ...(nativeTensorflow() && !works("c++", "--version") ? ["g++"] : []),
    ...(nativeTensorflow() && !works("make", "--version") ? ["make"] : []),
    ...(!flags.includes("--e2e") && !works("python3", "-m", "pip", "--version") ? ["python3-pip"] : []),
    ...(flags.includes("--unit") || existsSync(browser) ? [] : ["chromium"]),
    // A cluster of this machine alone: test/support/slurm.
    ...(process.platform !== "linux" ||
    flags.includes("--e2e") ||
    (works("which", "sbatch") && works("which", "munge"))
      ? []
      : ["slurm-wlm", "munge"]),
    ...(has("torch") ? [] : ["python3-torch"]),
    ...(has("scipy") ? [] : ["python3-scipy"]),
  ];
  if (missing.length === 0) return;
  if (!existsSync("/etc/debian_version") || process.getuid?.() !== 0) {
    say(`Not installed: ${missing.join(", ")} (Debian's names). The tests that need them are skipped.`);
    return;
  }
  say(`Installing ${missing.join(", ")} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args) =>
    spawnSync("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"] }).status === 0;
  if (!apt("update", "-qq") || !apt("install", "-y", "-qq", "--no-install-recommends", ...missing)) {
    say(`apt-get could not install ${missing.join(", ")}. The tests that need them are skipped.`);
  }
}

function finish() {
  if (skipped.length > 0) say(`\nSkipped:\n${skipped.map((name) => `  ${name}`).join("\n")}`);
  if (failures.length > 0) {
    say("\nFailed:");
    for (const { name, text } of failures) {
      say(
        `✗ ${name}\n${String(text)
          .trim()
          .split("\n")
          .slice(0, 60)
          .map((line) => `    ${line}`)
          .join("\n")}\n`,
      );
    }
  }
  if (pretence) say(`\n!!! ${pretence} !!!`);
  // The exit waits for the pipe: this must be the last line anyone reads.
  process.exitCode = counts.failed > 0 ? 1 : 0;
  say(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
}

function main() {
  try {
    setup();
  } catch (error) {
    fail("set-up", error.message);
    return;
  }
  systemPackages();
  tensorflow();
  tensorboard();
  currentTorch();
  slurmAccounts();
  if (all) {
    const tsc = tool("typescript/bin/tsc");
    const web = existsSync(join(root, "webview", "tsconfig.json"))
      ? ["webview/tsconfig.json", "test/unit/webview/tsconfig.json"].map((p) => [tsc, "--noEmit", "-p", p])
      : [];
    program("types", [tsc, "--noEmit", "-p", "tsconfig.json"], ...web);
    const lint = [[tool("eslint/bin/eslint.js"), "."], [tool("knip/bin/knip.js")]];
    program("lint", ...lint, [tool("prettier/bin/prettier.cjs"), "--check", "."]);
  }
  if (all || flags.includes("--unit")) vitest("Unit and integration tests");
  const e2e = join("test", "e2e", "vitest.config.ts");
  if ((all || flags.includes("--e2e")) && existsSync(join(root, e2e))) {
    program("package", ["scripts/package.mjs"]);
    const before = counts.skipped;
    vitest("End-to-end tests in VS Code", "--config", e2e);
    if (counts.skipped > before) {
      pretence = "The end-to-end tests in VS Code did not run: they could not be set up; the reason is above";
      // Nobody reads a green log.
      if (process.env.CI === "true") fail("end-to-end set-up", pretence);
    }
  }
}

main();
finish();
