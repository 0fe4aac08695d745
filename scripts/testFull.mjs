// `npm run test:full [-- PART…]`: what does not fit `npm test`. Each part prints a line of counts and leaves its figures in test/full/FIGURES.md.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { dirname, delimiter, join, relative } from "node:path";
import { node24 } from "./npmCache.mjs";
import { root, setup } from "./setup.mjs";

const file = join(root, "test", "full", "FIGURES.md");
const head = `# The full tests

Written by \`npm run test:full\`, each section by its part: \`npm run test:full -- node24\`.
`;

/** Runs a program with its output passed on; returns its exit status and seconds. */
function run(command, args, env = {}) {
  const started = Date.now();
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, CI: "1", ...env },
  });
  if (error) throw error;
  return { status, seconds: Math.round((Date.now() - started) / 1000) };
}

const machine = (node) => {
  const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim().slice(1);
  return `${cpus()[0].model.trim()}, ${availableParallelism()} cores, Node ${version}, ${process.platform}`;
};

const inFolder = (work) => {
  const folder = mkdtempSync(join(tmpdir(), "basin-full-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** What a JSON report of vitest says, with the names of what failed. */
function countsOf(report) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const failures = [];
  for (const { name, status, assertionResults } of JSON.parse(readFileSync(report, "utf8")).testResults) {
    const of = (wanted) => assertionResults.filter((test) => test.status === wanted);
    const failed = of("failed");
    counts.passed += of("passed").length;
    counts.failed += failed.length;
    counts.skipped += assertionResults.length - of("passed").length - failed.length;
    failures.push(...failed.map((test) => `${relative(root, name)}: ${test.fullName}`));
    // The file did not load, or a hook of it failed.
    if (status === "failed" && failed.length === 0) {
      counts.failed++;
      failures.push(relative(root, name));
    }
  }
  const line = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
  return { line, failures, skipped: counts.skipped };
}

/** Vitest under a Node, its helpers too; returns a part's result. */
const vitest = (node, args, env = {}) =>
  inFolder((folder) => {
    const report = join(folder, "report.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const PATH = `${dirname(node)}${delimiter}${process.env.PATH}`;
    const { status, seconds } = run(node, ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...args], {
      PATH,
      ...env,
    });
    const { line, failures, skipped } = countsOf(report);
    const figures = [
      `**${line}**, ${seconds} s on ${machine(node)}.`,
      ...failures.map((name) => `- ${name}`),
    ].join("\n");
    return { ok: status === 0, line, figures, skipped };
  });

function errorBars() {
  return inFolder((folder) => {
    const figures = join(folder, "figures.json");
    const env = { BASIN_FIGURES: figures };
    const config = ["--config", "test/full/vitest.config.ts"];
    const { status, seconds } = run(
      process.execPath,
      ["node_modules/vitest/vitest.mjs", "run", ...config],
      env,
    );
    const { problems, coverage } = JSON.parse(readFileSync(figures, "utf8"));
    const readings = coverage.reduce((sum, one) => sum + one.readings, 0);
    const off = coverage.reduce((sum, one) => sum + one.off.length, 0);
    const line = `${problems} problems, ${readings} readings, ${off} outside their bar`;
    return {
      ok: status === 0,
      line,
      figures: barFigures(line, `${seconds} s on ${machine(process.execPath)}`, coverage),
    };
  });
}

const barFigures = (line, where, coverage) =>
  [
    `**${line}**, ${where}: random small problems of every loss and layer against dense matrices in float64. The bar beside the error, on the median.`,
    "",
    "| Reading | Readings | Outside | Inside | Bar / error |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...coverage.map(({ metric, readings, off, ratio }) => {
      const inside = (100 * (1 - off.length / readings)).toFixed(2);
      return `| ${metric} | ${readings} | ${off.length} | ${inside} % | ${ratio.toPrecision(3)} |`;
    }),
    "",
    ...coverage.flatMap(({ metric, off }) => off.map((one) => `- ${metric}: ${one}`)),
  ].join("\n");

/** A campaign that writes its own figures; the line with the counts is the bold one. */
function campaign(name) {
  const { status } = run(process.execPath, [`scripts/${name}.mjs`]);
  const figures = readFileSync(join(root, "test", name, "FIGURES.md"), "utf8");
  const line = /\*\*(.*?)\*\*[^\n]*/.exec(figures);
  return { ok: status === 0, line: line[1], figures: `${line[0]} More in \`test/${name}/FIGURES.md\`.` };
}

/** By name, in the order they run. */
const parts = {
  node24: () => vitest(node24(), []),
  errorBars,
  // Every test of the PyTorch bridge under every torch there is; `npm test` spares the older one what its version has no say in.
  bridge: () => vitest(process.execPath, ["test/integration/python.test.ts"], { BASIN_FULL: "1" }),
  fuzz: () => campaign("fuzz"),
  crash: () => campaign("crash"),
  vscode: () => {
    const args = ["--config", "test/e2e/vitest.config.ts"];
    const { ok, skipped, ...said } = vitest(process.execPath, args, { BASIN_VSCODE: "current" });
    // Where the editor cannot be set up its scenarios are skipped, and nothing was tested.
    return { ...said, ok: ok && skipped === 0 };
  },
};

/** Puts a part's figures in place of its last ones. */
function write(name, figures) {
  const text = existsSync(file) ? readFileSync(file, "utf8") : head;
  const sections = new Map(
    text
      .split(/^## /m)
      .slice(1)
      .map((section) => [
        section.slice(0, section.indexOf("\n")),
        section.slice(section.indexOf("\n")).trim(),
      ]),
  );
  sections.set(name, figures.trim());
  const ordered = Object.keys(parts).filter((part) => sections.has(part));
  writeFileSync(file, [head, ...ordered.map((part) => `## ${part}\n\n${sections.get(part)}\n`)].join("\n"));
}

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !(name in parts));
if (unknown) {
  process.stderr.write(`Unknown part ${unknown}; known: ${Object.keys(parts).join(", ")}.\n`);
  process.exit(2);
}
setup();
const lines = [];
for (const name of asked.length > 0 ? asked : Object.keys(parts)) {
  process.stdout.write(`\n${name}\n`);
  try {
    const { ok, line, figures } = parts[name]();
    if (!ok) process.exitCode = 1;
    write(name, figures);
    lines.push(`${ok ? "✓" : "✗"} ${name}: ${line}`);
  } catch (error) {
    process.exitCode = 1;
    lines.push(`✗ ${name}: ${error.message}`);
  }
}
process.stdout.write(`\n${lines.join("\n")}\n`);
