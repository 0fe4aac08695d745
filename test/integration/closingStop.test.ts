// A real signal while the last point is measured: whatever is being computed then, the run ends soon, with a verdict.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsOf, startRun, temporary } from "../support/runs";

/** Seconds of processor time that may pass between the signal and the end, of which one is the grace for what ends by itself. */
const soon = 2;

/** Every part of the closing measurement takes seconds, and has no budget. */
const experiment = {
  data: { source: "teacher", inputs: 256, outputs: 10, hidden: [10], examples: 1000, testExamples: 400 },
  model: { kind: "mlp", hidden: [160, 160], activation: "tanh" },
  loss: "squared-error",
  optimizer: { kind: "sgd", learningRate: 0.01, batchSize: 32 },
  stop: { steps: 1 },
  probes: {},
  closing: "full",
  threads: 1,
};

/** Seconds that a process has computed for. */
function busyOf(pid: number): number {
  // What follows the name, which may hold anything, in brackets: fields 3 and on; 14 and 15 are user and system time.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").pop()!.split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const pause = (): Promise<void> => new Promise((done) => setTimeout(done, 20));

test.skipIf(process.platform !== "linux").each([
  ["sharpness", 0.3],
  ["sharpness", 1.2],
  ["gradient noise", 0.1],
  ["gradient noise", 1],
  ["gradient noise", 2],
  ["gradient noise", 3],
  ["input smoothness", 0.3],
] as const)("stopped %s seconds %d into it", async (part, after) => {
  const { run, child, exited } = startRun(temporary(), experiment);
  const pid = child.pid!;
  const ended = { status: undefined as number | null | undefined };
  void exited.then((status) => (ended.status = status));
  const at = (): boolean => {
    try {
      return eventsOf(run).some(({ kind, what }) => kind === "closing" && what === part);
    } catch {
      return false; // No log yet, or a line half written.
    }
  };
  while (!at() && ended.status === undefined) await pause();
  const began = busyOf(pid);
  while (ended.status === undefined && busyOf(pid) - began < after) await pause();
  expect(ended.status, "it was still measuring").toBe(undefined);
  const signalled = busyOf(pid);
  child.kill("SIGTERM");
  let last = signalled;
  while (ended.status === undefined) {
    try {
      last = busyOf(pid);
    } catch {
      break; // It is gone.
    }
    await pause();
  }
  expect(await exited).toBe(0);
  expect(last - signalled).toBeLessThan(soon);
  // The last part may have come to its end.
  const leftOut = eventsOf(run).some(({ message }) => /^Left out: /.test(String(message)));
  expect(leftOut || part === "input smoothness").toBe(true);
  expect(JSON.parse(readFileSync(join(run, "verdict.json"), "utf8"))).toHaveProperty("verdict");
});
