// An experiment as a task file of SkyPilot, which starts it on a cloud or on Kubernetes. Fields as its "SkyPilot YAML" reference names them. Pure.
import { join, relative, sep } from "node:path";
import { fileError } from "../protocol/errors";
import type { Experiment } from "../protocol/experiment";
import { memoryBytes } from "../protocol/memory";
import { hasScript } from "../protocol/script";
import { oneLine, shellWord } from "../protocol/shellText";

interface TaskParts {
  readonly experiment: Experiment;
  /** Absolute path of the experiment file, and the folder around it that is copied to the machine. */
  readonly file: string;
  readonly workspace: string;
  /** Folder of Basin's bundles and packages here. */
  readonly basin: string;
  /** A GPU as SkyPilot names it, "H100"; undefined where nobody said. */
  readonly gpu: string | undefined;
}

/** A scalar of YAML, which takes JSON's texts and numbers as they are. */
const scalar = (value: string | number): string => JSON.stringify(value);

const block = (key: string, lines: readonly string[]): string[] => [
  `${key}: |`,
  ...lines.map((line) => `  ${line}`),
];

/** Packages that the bundles load at run time. */
const packages = ["onnxruntime-node", "onnxruntime-common"];

/** @throws UserError for what such a task cannot have. */
export function skypilotTask({ experiment, file, workspace, basin, gpu }: TaskParts): string {
  const { cpus, memory, gpus = 0, nodes = 1 } = experiment.launch.slurm ?? {};
  if (nodes > 1)
    throw fileError(
      file,
      `asks for ${nodes} nodes; a task of one node is what can be written`,
      "Leave `launch.slurm.nodes` out.",
    );
  if (gpus > 0 && gpu === undefined)
    throw fileError(
      file,
      `asks for ${gpus} GPUs, and SkyPilot wants to know which`,
      "Name them: --gpu H100. `sky show-gpus` lists what there is.",
    );
  const count = Math.max(gpus, 1);
  const resources = [
    ...(gpu === undefined ? [] : [`  accelerators: ${scalar(`${gpu}:${count}`)}`]),
    // "+": at least so many. SkyPilot counts memory in GiB.
    ...(cpus === undefined ? [] : [`  cpus: ${scalar(`${cpus}+`)}`]),
    ...(memory === undefined ? [] : [`  memory: ${scalar(`${Math.ceil(memoryBytes(memory) / 2 ** 30)}+`)}`]),
  ];
  const path = oneLine(relative(workspace, file).split(sep).join("/"), "a task file");
  const mounts = [["dist"], ...packages.map((name) => ["node_modules", name])];
  return [
    `# ${path} as a task of SkyPilot: sky launch THIS_FILE. Its runs lie in ~/sky_workdir/.basin/runs of the machine:`,
    "#   rsync -a CLUSTER:sky_workdir/.basin/runs/ .basin/runs/",
    "# copies them here, also while they train, where they are shown like any other.",
    `name: ${scalar(experiment.name)}`,
    `workdir: ${scalar(workspace)}`,
    ...(resources.length > 0 ? ["resources:", ...resources] : []),
    "file_mounts:",
    ...mounts.map(
      (parts) => `  ${scalar(["~/basin", ...parts].join("/"))}: ${scalar(join(basin, ...parts))}`,
    ),
    ...block("setup", ["command -v node > /dev/null || conda install -y -c conda-forge 'nodejs>=20'"]),
    ...block("run", [
      ...(hasScript(experiment) && count > 1
        ? [`export BASIN_TORCHRUN="python -m torch.distributed.run --standalone --nproc-per-node=${count}"`]
        : []),
      `node ~/basin/dist/cli.js run ${shellWord(path)} --on local`,
    ]),
    "",
  ].join("\n");
}
