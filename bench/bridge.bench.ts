// The PyTorch bridge beside power iteration, eigsh and the per-example loop; its share of a training's time and memory. All of it runs in Python.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { cacheHere } from "../src/protocol/cacheFolder";
import version from "../test/support/torchVersion.json";
import { machine } from "./harness";

const current = join(cacheHere(), `torch-${version}`, "bin", "python");
const python = process.env.PYTHON ?? (existsSync(current) ? current : "/usr/bin/python3");
console.log(`\n${machine()}`);
const { status } = spawnSync(python, [join("pytorch", "bridge.py")], { stdio: "inherit" });
process.exitCode = status ?? 1;
