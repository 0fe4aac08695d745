// The task file for SkyPilot, read by a YAML parser that is not ours and held against the fields of its published schema.
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { skypilotTask } from "../../../src/cli/skypilot";
import { checkExperiment } from "../../../src/protocol/checkExperiment";

const hasYaml = spawnSync("python3", ["-c", "import yaml"]).status === 0;
const workspace = resolve("/w");
const file = resolve("/w/sub/it's.basin.json");

function experimentWith(slurm: object, script = false) {
  const own = {
    data: { source: "spirals", classes: 2 },
    model: { kind: "mlp", hidden: [3] },
    loss: "mse",
    optimizer: { kind: "sgd", learningRate: 0.1 },
  };
  const text = JSON.stringify({
    name: 'a: "b" # c',
    ...(script ? { trainer: { python: "train.py" } } : own),
    launch: { slurm },
  });
  return checkExperiment(text, file, { exists: () => true }).points[0].experiment;
}

const parse = (text: string): Record<string, unknown> => {
  const program = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))";
  const { stdout, stderr, status } = spawnSync("python3", ["-c", program], { input: text, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
};

test.skipIf(!hasYaml)("a task says what the experiment asks for, in SkyPilot's fields", () => {
  const experiment = experimentWith({ cpus: 4, gpus: 2, memory: "16GB" }, true);
  const task = parse(skypilotTask({ experiment, file, workspace, basin: "/opt/basin", gpu: "H100" }));
  expect(task).toEqual({
    name: 'a: "b" # c',
    workdir: workspace,
    // 16·10⁹ bytes are 14.9 GiB.
    resources: { accelerators: "H100:2", cpus: "4+", memory: "15+" },
    file_mounts: {
      "~/basin/dist": "/opt/basin/dist",
      "~/basin/node_modules/onnxruntime-node": "/opt/basin/node_modules/onnxruntime-node",
      "~/basin/node_modules/onnxruntime-common": "/opt/basin/node_modules/onnxruntime-common",
    },
    setup: "command -v node > /dev/null || conda install -y -c conda-forge 'nodejs>=20'\n",
    run: `export BASIN_TORCHRUN="python -m torch.distributed.run --standalone --nproc-per-node=2"\nnode ~/basin/dist/cli.js run 'sub/it'\\''s.basin.json' --on local\n`,
  });
});

test("a task without an answer to which GPU, or of several nodes, is refused with what to do", () => {
  const parts = { file, workspace, basin: "/opt/basin", gpu: undefined };
  expect(skypilotTask({ ...parts, experiment: experimentWith({}) })).not.toContain("resources");
  expect(() => skypilotTask({ ...parts, experiment: experimentWith({ gpus: 1 }) })).toThrow(/--gpu H100/);
  expect(() => skypilotTask({ ...parts, experiment: experimentWith({ nodes: 2 }, true) })).toThrow(/2 nodes/);
});

test("a file whose name holds a line break is refused: its rest would be a line of the task", () => {
  const parts = { experiment: experimentWith({}), workspace, basin: "/opt/basin", gpu: undefined };
  const hostile = resolve("/w/a\nrun: touch owned\n.basin.json");
  expect(() => skypilotTask({ ...parts, file: hostile })).toThrow(/cannot stand in a task file.*line break/);
});
