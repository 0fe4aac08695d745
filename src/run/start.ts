// One run from request to verdict, in its own process; and its resume after any kind of end.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openGemm } from "../engines";
import type { ProbeContext } from "../probes";
import { fileError } from "../protocol/errors";
import { stringify } from "../protocol/numbers";
import type { RunRequest } from "../protocol/request";
import { files, type RunInfo } from "../protocol/runFolder";
import { branchState, readInfo, slotsOf } from "./branch";
import { loadCheckpoint, newestCheckpoint, type TrainingState } from "./checkpoint";
import { descentOf } from "./descent";
import { describeSelf } from "./describeSelf";
import { engineOf } from "./engineOf";
import { EventLog } from "./eventLog";
import { Interrupt } from "./interrupt";
import { kinksOf } from "./kinks";
import { measurePoint } from "./measurePoint";
import { Problem } from "./problem";
import { train, type Reached } from "./train";
import { assembleVerdict } from "./verdict";
import { optimizerOf } from "../optimizers";

/** What the process's exit status says. */
export type Status = 0 | 130;

/** Everything a probe needs, over one curvature at one θ. */
export async function contextOf(
  problem: Problem,
  theta: Float32Array,
  check: () => void,
): Promise<ProbeContext> {
  const { optimizer } = problem.experiment;
  const meter = { products: 0, check };
  return {
    descent: descentOf(optimizer, { step: null, slots: new Map(), count: 0 }, new Float32Array(problem.d)),
    experiment: problem.experiment,
    n: problem.n,
    batchSize: problem.batchSize,
    outputs: problem.data.outputs,
    curvature: problem.curvature(meter),
    onBatch: problem.batchCurvature(theta, problem.batchSize, meter),
    gemm: await openGemm(problem.engine),
    score: async () => ({
      train: await problem.score(problem.data.train, theta),
      test: problem.data.test ? await problem.score(problem.data.test, theta) : null,
    }),
  };
}

const writeJson = (path: string, value: unknown): void => writeFileSync(path, `${stringify(value, 2)}\n`);

/** Starts a new run in `folder`, which the launcher has made. */
export async function start(folder: string, request: RunRequest): Promise<Status> {
  const { experiment, file, overrides, id, from } = request;
  const interrupt = new Interrupt();
  interrupt.watch(join(folder, "stop"));
  const info: RunInfo = {
    schema: 1,
    id,
    experiment,
    file,
    overrides,
    resumed: [],
    ...(from && { branchedFrom: { run: from.run, step: from.step } }),
    created: new Date().toISOString(),
    ...(await describeSelf(file)),
  };
  writeJson(join(folder, files.run), info);
  mkdirSync(join(folder, files.checkpoints), { recursive: true });
  const problem = await loadOrSay(folder, async () =>
    Problem.load(experiment, file, await engineOf(experiment, file)),
  );
  const saved = from ? branchState(from.folder, from.step, problem) : null;
  return go(
    folder,
    info,
    problem,
    saved?.theta ?? (await loadOrSay(folder, () => problem.start())),
    saved,
    interrupt,
  );
}

/** A run that fails before its first step says so in its log: its folder must not look like that of a killed one. */
async function loadOrSay<T>(folder: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const log = new EventLog(join(folder, files.events));
    log.add({ kind: "end", step: 0, time: 0, reason: "error" });
    log.close();
    throw error;
  }
}

/** Goes on from the newest checkpoint. @throws UserError when the folder has none or its run.json is unreadable. */
export async function resume(folder: string): Promise<Status> {
  const interrupt = new Interrupt();
  interrupt.watch(join(folder, "stop"));
  const old = readInfo(folder);
  const engine = await engineOf(old.experiment, old.file);
  const problem = await Problem.load(old.experiment, old.file, engine);
  const checkpoint = newestCheckpoint(join(folder, files.checkpoints));
  if (!checkpoint)
    throw fileError(
      join(folder, files.checkpoints),
      "holds no checkpoint",
      "The run ended before its first one; start it anew with `basin run`.",
    );
  const saved = loadCheckpoint(checkpoint, problem.model, problem.d, slotsOf(old.experiment));
  problem.fillBuffers(saved.buffers);
  const info: RunInfo = {
    ...old,
    ...(await describeSelf(old.file)),
    resumed: [...old.resumed, { at: new Date().toISOString(), step: saved.step }],
  };
  writeJson(join(folder, files.run), info);
  return go(folder, info, problem, saved.theta, saved, interrupt);
}

async function go(
  folder: string,
  info: RunInfo,
  problem: Problem,
  theta: Float32Array,
  saved: TrainingState | null,
  interrupt: Interrupt,
): Promise<Status> {
  const { experiment, engine, d, n } = problem;
  const log = new EventLog(join(folder, files.events));
  const context = await contextOf(problem, theta, () => interrupt.check());
  log.add({
    kind: "header",
    schema: 1,
    id: info.id,
    name: experiment.name,
    parameters: d,
    examples: n,
    outputs: problem.data.outputs,
    engine: `${engine.name} ${engine.version}`,
    probes: Object.keys(experiment.probes),
    layers: context.curvature.layers.map(({ name }) => name),
    kinks: kinksOf(context.curvature.network.loss),
    steps: experiment.stop.steps,
    ...(saved ? { resumedAt: saved.step } : {}),
    dynamics: {
      preconditioned: context.descent.preconditioner !== null,
      ...optimizerOf(experiment.optimizer).dynamics(experiment.optimizer),
    },
  });
  if (!saved) for (const message of problem.notes) log.add({ kind: "note", step: 0, message });
  log.flush();
  try {
    const reached = await train(problem, folder, log, context, interrupt, theta, saved);
    interrupt.mute();
    const verdict = await verdictOf(problem, context, folder, reached);
    writeJson(join(folder, files.verdict), verdict);
    log.add({
      kind: "metrics",
      step: verdict.step,
      time: reached.time,
      probe: "verdict",
      values: verdict.metrics,
    });
    log.add({ kind: "end", step: reached.step, time: reached.time, reason: reached.reason });
    return reached.reason === "interrupted" ? 130 : 0;
  } catch (error) {
    log.add({ kind: "end", step: saved?.step ?? 0, time: saved?.time ?? 0, reason: "error" });
    throw error;
  } finally {
    log.close();
  }
}

/** Judges the point reached; a diverged run is judged at its last finite checkpoint, so that a stable rate can be named. */
async function verdictOf(problem: Problem, context: ProbeContext, folder: string, reached: Reached) {
  const diverged = reached.reason === "diverged";
  const { theta } = reached;
  let { state } = reached;
  let step = reached.step;
  if (diverged) {
    const path = newestCheckpoint(join(folder, files.checkpoints));
    const last = path ? loadCheckpoint(path, problem.model, problem.d, slotsOf(problem.experiment)) : null;
    if (last) {
      theta.set(last.theta);
      problem.fillBuffers(last.buffers);
      step = last.step;
      state = { step, slots: last.slots, count: step - last.since };
    }
  }
  const point = theta.every(Number.isFinite)
    ? await measurePoint(problem, context, theta, state, {
        warm: diverged ? new Map() : reached.memories,
        initialLoss: reached.initialLoss,
      })
    : null;
  const verdict = assembleVerdict({
    experiment: problem.experiment,
    n: problem.n,
    step,
    diverged,
    divergedAt: reached.step,
    initialLoss: reached.initialLoss,
    loss: reached.loss,
    kinks: kinksOf(context.curvature.network.loss),
    point,
  });
  return { ...verdict, metrics: point?.metrics ?? {} };
}
