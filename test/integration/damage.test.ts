// Damaged checkpoints: passed over where there is an earlier one, said so, and never trained on.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../src/protocol/safetensors";
import { eventsOf, root, runOf, startRun, temporary, tensorsOf } from "../support/runs";

const script = join(root, "dist", "run.js");
const experiment = {
  name: "damage",
  seed: 1,
  data: { source: "chebyshev", degree: 3, examples: 12 },
  model: { kind: "mlp", hidden: [4], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 3, momentum: 0.5 },
  stop: { steps: 40 },
  closing: { seconds: 0 },
  checkpoints: { every: 10 },
};
const resumeOf = (run: string) => spawnSync(process.execPath, [script, "resume", run], { encoding: "utf8" });

/** The same file with other values and no checksum, as an earlier version might have left it. */
function withValue(bytes: Buffer, value: number): Uint8Array {
  const { tensors, metadata } = decodeSafetensors(bytes, "");
  const all = [...tensors];
  all[0][1].data[1] = value;
  return encodeSafetensors(all, { basin: metadata.basin });
}

const damages: Record<string, (bytes: Buffer) => Uint8Array> = {
  "a flipped bit of a parameter": (bytes) => {
    const own = Buffer.from(bytes);
    own[own.length - 3] ^= 1;
    return own;
  },
  "a flipped bit of a random state": (bytes) => {
    const own = Buffer.from(bytes);
    const at = own.indexOf("epoch") + 11;
    own[at] = own[at] === 0x31 ? 0x32 : 0x31;
    return own;
  },
  "a truncated file": (bytes) => bytes.subarray(0, bytes.length - 40),
  "an empty file": () => Buffer.alloc(0),
  nonsense: (bytes) => Buffer.alloc(bytes.length, "nonsense"),
  "NaN without a checksum": (bytes) => withValue(bytes, NaN),
  "an infinite value without a checksum": (bytes) => withValue(bytes, Infinity),
};

describe("the newest checkpoint damaged", () => {
  test.each(Object.keys(damages))("by %s: the run goes on from the one before, and says so", async (name) => {
    const { run, exited } = startRun(temporary(), experiment);
    expect(await exited).toBe(0);
    const folder = join(run, "checkpoints");
    const whole = tensorsOf(join(folder, "step-40.safetensors"));
    rmSync(join(folder, "step-40.safetensors"));
    const path = join(folder, "step-30.safetensors");
    const good = readFileSync(path);
    writeFileSync(path, damages[name](good));
    const { status, stderr } = resumeOf(run);
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/step-30\.safetensors.*goes on from step 20/);
    expect(stderr).not.toMatch(/^\s+at |learning rate/m);
    const notes = eventsOf(run).filter(({ kind }) => kind === "note");
    expect(notes.map(({ message }) => String(message)).join()).toContain("step-30.safetensors");
    // The damaged one is written again on the way, and the end is the same.
    const before = decodeSafetensors(good, path).tensors;
    for (const [tensor, { data }] of tensorsOf(path)) expect(data, tensor).toEqual(before.get(tensor)!.data);
    for (const [tensor, { data }] of tensorsOf(join(folder, "step-40.safetensors")))
      if (!tensor.startsWith("probe.")) expect(data, tensor).toEqual(whole.get(tensor)!.data);
  });

  test("and every other too: refused, naming the newest, and nothing is written to the log", async () => {
    const { run, exited } = startRun(temporary(), experiment);
    expect(await exited).toBe(0);
    const folder = join(run, "checkpoints");
    for (const name of readdirSync(folder)) writeFileSync(join(folder, name), "damaged");
    const before = eventsOf(run).length;
    const { status, stderr } = resumeOf(run);
    expect(status).toBe(2);
    expect(stderr).toMatch(/step-40\.safetensors/);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(eventsOf(run)).toHaveLength(before);
  });
});

test("a run whose checkpoints were taken away is refused; one that never came to its first begins again", async () => {
  const { run, exited } = startRun(temporary(), experiment);
  expect(await exited).toBe(0);
  rmSync(join(run, "checkpoints"), { recursive: true });
  const { status, stderr } = resumeOf(run);
  expect(status).toBe(2);
  expect(stderr).toMatch(/holds no checkpoint/);
  const fresh = runOf(temporary(), experiment);
  expect(resumeOf(fresh).status).toBe(0);
  expect(eventsOf(fresh).at(-1)).toMatchObject({ kind: "end", reason: "steps", step: 40 });
});
