// A checkpoint whose parts do not fit each other is damaged, whatever its checksum says.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildModel } from "../../../src/models";
import { decodeSafetensors, encodeSafetensors } from "../../../src/protocol/safetensors";
import { loadNewest, saveCheckpoint } from "../../../src/trainers/basin/checkpoint";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "basin-checkpoint-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each(["share", "loss"])(
  "a course without its %s is damage: the earlier checkpoint is taken",
  (column) => {
    const model = buildModel({ kind: "mlp", hidden: [2], activation: "tanh", bias: true }, [2], 1);
    const d = 9;
    const save = (step: number): string =>
      saveCheckpoint(folder, model, {
        step,
        since: 0,
        time: 1,
        initialLoss: 2,
        loss: 1,
        theta: new Float32Array(d),
        buffers: new Map(),
        slots: new Map(),
        sampler: null,
        memories: new Map(),
        limits: {},
        course: new Map(["step", "share", "loss"].map((name) => [name, Float32Array.of(1, 2)])),
        readings: [],
      });
    save(4);
    const path = join(folder, save(8));
    const load = (told: string[]) =>
      loadNewest(folder, { model, d }, [], (message) => told.push(message))!.step;
    expect(load([])).toBe(8);

    const { tensors, metadata } = decodeSafetensors(readFileSync(path), path);
    const rest = new Map([...tensors].filter(([name]) => name !== `course.${column}`));
    writeFileSync(path, encodeSafetensors(rest, { basin: metadata.basin }));
    const told: string[] = [];
    expect(load(told)).toBe(4);
    expect(told).toEqual(["step-8.safetensors holds a course whose columns differ in length"]);
  },
);
