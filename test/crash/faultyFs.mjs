// Loaded before a run process: counts what it does to its folder and kills it, or fills the disk, at one of these operations.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** { folder, record, at, phase, stopAt }: `phase` is before, middle, after or full; `record` is told what was done and what fired. */
const plan = JSON.parse(process.env.BASIN_FAULT);
const own = { ...fs };
const done = [];
const open = new Set();
let busy = false;
let filled = false;

const inside = (path) => typeof path === "string" && path.startsWith(plan.folder);
const tell = (what) => own.writeFileSync(plan.record, JSON.stringify(what));

function die() {
  process.kill(process.pid, "SIGKILL");
  // The signal is on its way: nothing more happens here.
  for (;;) own.fstatSync(0);
}

function fullDisk(name) {
  return Object.assign(new Error(`ENOSPC: no space left on device, ${name}`), { code: "ENOSPC", errno: -28 });
}

/**
 * @param half  Does half of the operation, where there is such a thing.
 * @param run   Does it.
 */
function operation(name, half, run) {
  if (busy) return run();
  busy = true;
  try {
    const k = done.length;
    done.push(name);
    if (k === plan.stopAt) process.kill(process.pid, "SIGTERM");
    if (k !== plan.at) return run();
    tell({ fired: name, at: k });
    if (plan.phase === "before") die();
    if (plan.phase === "middle" || plan.phase === "full") half?.();
    if (plan.phase === "middle") die();
    // A disk that is full once has room again when somebody has made some: here at once, the harder case.
    if (plan.phase === "full") throw fullDisk(name);
    const result = run();
    die();
    return result;
  } finally {
    busy = false;
  }
}

fs.openSync = (path, flags, ...rest) => {
  const start = () => own.openSync(path, flags, ...rest);
  const writes = typeof flags === "string" ? flags !== "r" : (flags & 3) !== 0;
  const folder = flags === "r" && inside(path);
  if (!inside(path) || !(writes || folder)) return start();
  const fd = operation("open", null, start);
  open.add(fd);
  return fd;
};
fs.closeSync = (fd) => {
  open.delete(fd);
  return own.closeSync(fd);
};
fs.writeSync = (fd, bytes, offset = 0, length = bytes.length - offset, ...rest) => {
  const write = (size) => own.writeSync(fd, bytes, offset, size, ...rest);
  if (!open.has(fd)) return write(length);
  // As the system has it: the write that fills the disk is cut short, the next one fails.
  if (plan.phase === "full" && done.length === plan.at && !filled && length > 1) {
    filled = true;
    return write(Math.floor(length / 2));
  }
  const half = plan.phase === "middle" ? () => write(Math.floor(length / 2)) : null;
  return operation("write", half, () => write(length));
};
fs.fsyncSync = (fd) => {
  if (!open.has(fd)) return own.fsyncSync(fd);
  return operation("fsync", null, () => own.fsyncSync(fd));
};
fs.writeFileSync = (path, data, ...rest) => {
  const half = () => own.writeFileSync(path, data.slice(0, Math.floor(data.length / 2)), ...rest);
  if (!inside(path)) return own.writeFileSync(path, data, ...rest);
  return operation("write", half, () => own.writeFileSync(path, data, ...rest));
};
for (const name of ["rename", "link", "unlink", "rm", "mkdir", "rmdir"]) {
  const call = `${name}Sync`;
  fs[call] = (path, ...rest) => {
    const run = () => own[call](path, ...rest);
    // Removing what is not there changes nothing.
    if (!inside(path) || (name === "rm" && own.lstatSync(path, { throwIfNoEntry: false }) === undefined))
      return run();
    return operation(name, null, run);
  };
}
syncBuiltinESMExports();

process.on("exit", () => {
  if (plan.at === undefined) tell({ done });
});
