// Brings the native TensorFlow engine into the cache. Its npm package no longer gets its own library (tensorflow/tfjs issue 8742): the one
// in TensorFlow's Python package takes its place, and the binding between them is compiled here.
import { execFile, type ExecFileException } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tensorflowFolder, tensorflowPackage } from "../../protocol/cacheFolder";
import { fileError } from "../../protocol/errors";

const { name: packageName, version: packageVersion } = tensorflowPackage;
/** What npm must give, as its registry publishes it. */
const packageIntegrity =
  "sha512-uHrXeUlfgkMxTZqHkESSV7zSdKdV0LlsBeblqkuKU9nnfxB1pC6DtoyYVaLxznzZy7WQSegjcohxxCjAf6Dc7w==";
/** The Python package, for one Python whatever the one here is: only the library in it is used. */
const wheel = {
  requirement: "tensorflow-cpu==2.21.0",
  sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
  tags: ["--python-version", "311", "--implementation", "cp", "--abi", "cp311"],
  platform: "manylinux_2_27_x86_64",
} as const;
const libraries = {
  "libtensorflow.so": "libtensorflow_cc.so.2",
  "libtensorflow_framework.so": "libtensorflow_framework.so.2",
};

/** Takes the headers and the two libraries out of the wheel: nothing else of it is wanted, and nothing lands outside the target. */
const unpack = `
import os, shutil, sys, zipfile
wheel, deps = sys.argv[1:]
root = os.path.realpath(deps)
with zipfile.ZipFile(wheel) as archive:
    for entry in archive.infolist():
        name = entry.filename
        if entry.is_dir():
            continue
        if name.startswith("tensorflow/include/"):
            target = os.path.join(deps, "include", name[len("tensorflow/include/"):])
        elif name in ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"):
            target = os.path.join(deps, "lib", os.path.basename(name))
        else:
            continue
        if not os.path.realpath(target).startswith(root + os.sep):
            raise SystemExit("an entry leads out of the folder: " + name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with archive.open(entry) as source, open(target, "wb") as sink:
            shutil.copyfileobj(source, sink)
`;

export interface TensorflowReport {
  note(message: string): void;
}

interface Run {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

/** A program's output. @throws Error with the last lines of what it said. */
function run(command: string, args: readonly string[], { cwd, env, signal }: Run): Promise<string> {
  return new Promise((done, failed) => {
    const options = { cwd, signal, maxBuffer: 2 ** 28, ...(env && { env: { ...process.env, ...env } }) };
    execFile(command, args, options, (error: ExecFileException | null, stdout, stderr) => {
      if (!error) return done(stdout);
      const said = `${stdout}${stderr}`.trim().split("\n").slice(-8).join("\n");
      failed(signal.aborted ? error : new Error(`${command} ${args[0]} failed:\n${said || error.message}`));
    });
  });
}

/** What it takes, found on this machine. @throws UserError naming everything that is missing. */
async function toolsHere(signal: AbortSignal): Promise<{ readonly python: string }> {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw fileError(
      "tensorflow",
      `is built from Linux packages for x64; this is ${process.platform}-${process.arch}`,
      'The engine "auto" needs nothing of it.',
    );
  const works = async (command: string, ...args: string[]): Promise<boolean> =>
    run(command, args, { signal }).then(
      () => true,
      () => false,
    );
  const first = async (commands: readonly string[], ...args: string[]): Promise<string | undefined> => {
    for (const command of commands) if (await works(command, ...args)) return command;
    return undefined;
  };
  const python = await first(["python3", "/usr/bin/python3", "python"], "-m", "pip", "--version");
  const compiler = await first(["c++", "g++", "clang++"], "--version");
  const missing = [
    ...((await works("npm", "--version")) ? [] : ["npm (comes with Node)"]),
    ...(python ? [] : ["Python 3 with pip (Debian: python3-pip)"]),
    ...(compiler ? [] : ["a C++ compiler (Debian: g++)"]),
    ...((await works("make", "--version")) ? [] : ["make (Debian: make)"]),
  ];
  if (missing.length > 0)
    throw fileError(
      "tensorflow",
      `cannot be built here without ${missing.join(" and ")}`,
      "Install it and try again.",
    );
  return { python: python! };
}

/** Multiplies two numbers in a process of its own: a library that does not fit may end it. */
const proof = `
const util = require("node:util");
util.isNullOrUndefined ??= (x) => x === null || x === undefined;
util.isArray ??= Array.isArray;
const tf = require(${JSON.stringify(packageName)});
if (tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0] !== 11) process.exit(1);
console.log(tf.version.tfjs);
`;

/**
 * Builds the engine in a folder beside its place and moves it there when it has multiplied two numbers. Downloads about 350 MB; one or two
 * minutes.
 *
 * @returns where it is, and whether it was there already.
 * @throws UserError naming what is missing; Error with what a step said.
 */
export async function fetchTensorflow(
  report: TensorflowReport,
  signal: AbortSignal,
): Promise<{ readonly folder: string; readonly present: boolean }> {
  const folder = tensorflowFolder();
  if (existsSync(join(folder, "package.json"))) return { folder, present: true };
  const { python } = await toolsHere(signal);
  const building = `${folder}.${process.pid}.partial`;
  try {
    await mkdir(building, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw fileError(building, `cannot be made (${code})`, "Set BASIN_CACHE to a folder that can be written.");
  }
  try {
    await build(building, { python, report, signal });
    await rm(folder, { recursive: true, force: true });
    await rename(building, folder);
    return { folder, present: false };
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

interface Building {
  readonly python: string;
  readonly report: TensorflowReport;
  readonly signal: AbortSignal;
}

async function build(folder: string, { python, report, signal }: Building): Promise<void> {
  const inside = { cwd: folder, signal };
  await writeFile(join(folder, "package.json"), '{ "private": true }\n');
  report.note(`Getting ${packageName} ${packageVersion} (npm) …`);
  await run(
    "npm",
    ["install", "--ignore-scripts", "--no-fund", "--no-audit", `${packageName}@${packageVersion}`],
    inside,
  );
  checkIntegrity(folder);
  report.note(`Getting ${wheel.requirement} (pip, 274 MB) …`);
  const wheels = join(folder, "wheels");
  await writeFile(join(folder, "requirements.txt"), `${wheel.requirement} --hash=sha256:${wheel.sha256}\n`);
  const wanted = ["--only-binary=:all:", ...wheel.tags, "--platform", wheel.platform];
  const pip = ["-m", "pip", "download", "--no-deps", "--require-hashes", "--disable-pip-version-check"];
  await run(python, [...pip, ...wanted, "-d", wheels, "-r", "requirements.txt"], inside);
  report.note("Unpacking its library …");
  const own = join(folder, "node_modules", packageName);
  const deps = join(own, "deps");
  const [file] = await readdir(wheels);
  await run(python, ["-c", unpack, join(wheels, file), deps], inside);
  for (const [link, target] of Object.entries(libraries)) await symlink(target, join(deps, "lib", link));
  report.note("Compiling the binding …");
  const tool = join(folder, "node_modules", "@mapbox", "node-pre-gyp", "bin", "node-pre-gyp");
  await run(process.execPath, [tool, "install", "--build-from-source"], { cwd: own, signal, env: headers() });
  for (const name of [wheels, join(deps, "include"), join(own, "build")])
    await rm(name, { recursive: true, force: true });
  const version = await run(process.execPath, ["-e", proof], {
    ...inside,
    env: { TF_CPP_MIN_LOG_LEVEL: "2" },
  });
  report.note(`TensorFlow.js ${version.trim()} multiplies.`);
}

/** npm checks what it downloads against its registry; this checks the registry. @throws Error where they differ. */
function checkIntegrity(folder: string): void {
  const lock = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")) as {
    readonly packages?: Readonly<Record<string, { readonly integrity?: string }>>;
  };
  if (lock.packages?.[`node_modules/${packageName}`]?.integrity !== packageIntegrity)
    throw new Error(`npm gave another ${packageName} ${packageVersion} than was published.`);
}

/** The headers that lie beside this Node, where there are some, so that none are downloaded. */
function headers(): NodeJS.ProcessEnv {
  const prefix = join(dirname(process.execPath), "..");
  return existsSync(join(prefix, "include", "node", "node.h")) ? { npm_config_nodedir: prefix } : {};
}
