// The state of Adam and RMSProp out of the files people have: every way of naming it gives the same numbers.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Model } from "../../../src/models";
import type { OptimizerSpec } from "../../../src/protocol/experiment";
import { encodeSafetensors, type Tensor } from "../../../src/protocol/safetensors";
import { readOptimizerState } from "../../../src/trainers/basin/optimizerState";

const folder = mkdtempSync(join(tmpdir(), "basin-state-"));
afterAll(() => rmSync(folder, { recursive: true }));

const parameters = [
  { name: "0.weight", shape: [2, 3] },
  { name: "0.bias", shape: [2] },
];
const model = { parameters, buffers: [] } as unknown as Model;
const common = {
  learningRate: 0.1,
  batchSize: "full",
  sampling: "epochs",
  weightDecay: 0,
  epsilon: 1e-8,
} as const;
const adam: OptimizerSpec = { kind: "adam", ...common, beta1: 0.9, beta2: 0.999 };
const rmsprop: OptimizerSpec = { kind: "rmsprop", ...common, alpha: 0.99, momentum: 0 };
const sgd: OptimizerSpec = { kind: "sgd", ...common, momentum: 0, nesterov: false };
const values = [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(7, 8)];

const write = (
  tensors: readonly (readonly [string, Tensor])[],
  metadata: Record<string, string> = {},
): string => {
  const path = join(folder, "state.safetensors");
  writeFileSync(path, encodeSafetensors(tensors, metadata));
  return path;
};
const named = (nameOf: (name: string, i: number) => string) =>
  parameters.map(({ name, shape }, i) => [nameOf(name, i), { shape, data: values[i] }] as const);
const step = (key: string) => [key, { shape: [1], data: Float32Array.of(40) }] as const;
const read = (path: string, spec: OptimizerSpec = adam, required = true) =>
  readOptimizerState({ path, required }, spec, model);

test.each([
  ["PyTorch's, parameter first", named((name) => `${name}.exp_avg_sq`), step("0.weight.step")],
  ["PyTorch's, slot first", named((name) => `exp_avg_sq.${name}`), step("step")],
  ["a state_dict by number", named((_, i) => `state.${i}.exp_avg_sq`), step("state.0.step")],
])("%s", (_title, tensors, count) => {
  const state = read(write([...tensors, count]))!;
  expect([...state.slots.get("exp_avg_sq")!]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(state.count).toBe(40);
  expect(state.note).toBeUndefined();
});

test("a checkpoint of Basin's counts from where its state was new", () => {
  const tensors = named((name) => `optimizer.exp_avg_sq.${name}`);
  const state = read(write(tensors, { basin: JSON.stringify({ step: 50, since: 20, time: 0 }) }))!;
  expect(state.count).toBe(30);
  expect([...state.slots.get("exp_avg_sq")!]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("without a step the assumption is said; RMSProp reads its own slot; SGD needs none", () => {
  expect(read(write(named((name) => `${name}.exp_avg_sq`)))!.note).toMatch(/taken to be 1/);
  expect(read(write(named((name) => `${name}.square_avg`)), rmsprop)!.slots.has("square_avg")).toBe(true);
  expect(read(write(named((name) => `${name}.exp_avg_sq`)), sgd)).toBeNull();
});

test("bare weights have no state: null where none was asked for, else a mistake that names the tensor", () => {
  const path = write(named((name) => name));
  expect(read(path, adam, false)).toBeNull();
  expect(() => read(path)).toThrow(/no exp_avg_sq of parameter "0.weight"/);
  const [weight] = named((name) => `${name}.exp_avg_sq`);
  expect(() => read(write([weight]))).toThrow(/no exp_avg_sq of parameter "0.bias"/);
  const turned: [string, Tensor] = ["0.bias.exp_avg_sq", { shape: [1, 2], data: values[1] }];
  expect(() => read(write([weight, turned]))).toThrow(/has shape \[1, 2\]/);
  const negative: [string, Tensor] = ["0.bias.exp_avg_sq", { shape: [2], data: Float32Array.of(1, -1) }];
  expect(() => read(write([weight, negative]))).toThrow(/holds -1 at index 1/);
});
