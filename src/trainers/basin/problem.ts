// The training problem of an experiment: data, model, loss and compiled functions, ready to step and to be probed.
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import { buildNetwork } from "../../curvature/buildNetwork";
import type { Chunking } from "../../curvature/chunks";
import { Curvature } from "../../curvature/curvature";
import type { CurvaturePoint } from "../../curvature/curvaturePoint";
import type { Meter } from "../../curvature/meter";
import { totalSize, viewsOf } from "../../curvature/flat";
import { planChunks, planSignals, storedRoom } from "../../curvature/memory";
import type { Mode, NetworkParts } from "../../curvature/network";
import { loadDataset } from "../../data";
import type { Dataset, Split } from "../../data/dataset";
import type { Compiled, Engine } from "../../engines/engine";
import { grad } from "../../graph/differentiate";
import { losses } from "../../losses";
import { buildModel, initialize, loadModel, takeWeights, type Model } from "../../models";
import { fileError, UserError, type SourcePlace } from "../../protocol/errors";
import type { Experiment } from "../../protocol/experiment";
import { decodeSafetensors } from "../../protocol/safetensors";
import { Rng } from "../../util/rng";
import { accuracyOf } from "./accuracy";
import { gather } from "./gather";
import { fillFrom } from "./namedParameters";
import { checkRoom } from "./room";
import { WideFirstLayer, type Narrowed } from "./rowSpace";

/** @throws UserError for a link that leads out of `folder`: what a model file names must not reach the rest of the machine. */
async function checkInside(path: string, folder: string): Promise<void> {
  const [real, inside] = await Promise.all([realpath(path), realpath(folder)]);
  if (!real.startsWith(inside + sep))
    throw fileError(path, `leads out of ${folder}`, "Put the file itself beside the model.");
}

/** Reads a file the experiment names, relative to the experiment's own folder. */
const reader =
  (file: string) =>
  async (path: string, folder?: string): Promise<Uint8Array> => {
    const absolute = resolve(dirname(file), path);
    const hint = `Expected a file that ${file} names; put it there or correct the path.`;
    try {
      if (folder !== undefined) await checkInside(absolute, resolve(dirname(file), folder));
      // A FIFO is waited for, a device has no end.
      if (!(await stat(absolute)).isFile()) throw fileError(absolute, "is no plain file", hint);
      return await readFile(absolute);
    } catch (error) {
      if (error instanceof UserError) throw error;
      const code = (error as NodeJS.ErrnoException).code;
      throw fileError(
        absolute,
        code === "ENOENT" ? "no such file" : `cannot be read (${code ?? String(error)})`,
        hint,
      );
    }
  };

/** A compiled training step with the dropout masks it wants. */
export interface StepFunction {
  readonly compiled: Compiled;
  readonly masks: readonly { readonly size: number; readonly rate: number }[];
}

interface CurvatureOf {
  readonly careful?: boolean;
  readonly once?: boolean;
  readonly ofAll?: boolean;
  readonly within?: Narrowed | null;
}

interface Loaded {
  readonly engine: Engine;
  readonly data: Dataset;
  readonly model: Model;
  /** Bytes for the values of a pass over the examples. */
  readonly room: number;
  readonly parts: NetworkParts;
  readonly held: Split;
}

export class Problem {
  readonly shapes: readonly (readonly number[])[];
  /** Number of parameters. */
  readonly d: number;
  /** Running statistics of batch normalizations, one per buffer of the model; training moves them in place. */
  readonly buffers: readonly Float32Array[];
  /** How the training examples are split to stay inside the memory budget; null where they fit as they are. */
  readonly chunking: Chunking | null;
  /** The training examples that readings are taken on: all of them, or the experiment's `subsample`, the same throughout a run. */
  readonly held: Split;
  /** What was understood of files that do not say it outright: to be told, for the user to judge. */
  readonly notes: string[] = [];
  readonly engine: Engine;
  readonly data: Dataset;
  readonly model: Model;
  private readonly room: number;
  private readonly parts: NetworkParts;
  private first: WideFirstLayer | null | undefined;

  private constructor(
    readonly experiment: Experiment,
    readonly file: string,
    { engine, data, model, room, parts, held }: Loaded,
    private readonly compiled = new Map<string, Promise<Compiled>>(),
  ) {
    this.engine = engine;
    this.data = data;
    this.room = room;
    this.parts = parts;
    this.held = held;
    this.model = model;
    this.shapes = model.parameters.map(({ shape }) => shape);
    this.d = totalSize(this.shapes);
    this.buffers = model.buffers.map(({ shape, start }) => new Float32Array(totalSize([shape])).fill(start));
    this.notes.push(...(data.notes ?? []), ...model.notices);
    this.chunking = planChunks(parts, data.train.n, room);
  }

  /** What is trained, tensor by tensor: of an imported network a user must be able to see it. */
  get trained(): readonly string[] {
    return this.model.parameters.map(({ name, shape }) => `${name} [${shape.join(", ")}]`);
  }

  /** Loads the data, unless they are known, and builds the model. @throws UserError naming the file that is missing or malformed. */
  static async load(experiment: Experiment, file: string, engine: Engine, known?: Dataset): Promise<Problem> {
    const { seed, loss } = experiment;
    const data = known ?? (await loadDataset(experiment.data, { readBytes: reader(file), seed, loss }));
    const { batchSize } = experiment.optimizer;
    if (batchSize !== "full" && batchSize > data.train.n)
      throw fileError(
        file,
        `optimizer.batchSize: found ${batchSize}, but there are only ${data.train.n} training examples`,
        `Use at most ${data.train.n}, or "full".`,
      );
    const inputs = data.inputShape.reduce((a, b) => a * b, 1);
    const model = await modelOf(experiment, file, data);
    const room = checkRoom(experiment, file, totalSize(model.parameters.map(({ shape }) => shape)));
    const parts = { model, loss: losses[experiment.loss], inputs, outputs: data.outputs };
    const held = heldOf(data.train, experiment);
    return new Problem(experiment, file, { engine, data, model, room, parts, held });
  }

  /** The same data, network and compiled functions with other settings of training; running statistics are its own. */
  withTraining(changes: Partial<Pick<Experiment, "optimizer" | "seed">>): Problem {
    const { experiment, file, engine, data, model, room, parts, held, compiled } = this;
    const loaded = { engine, data, model, room, parts, held };
    return new Problem({ ...experiment, ...changes }, file, loaded, compiled);
  }

  get n(): number {
    return this.data.train.n;
  }

  /** Whether readings are taken on some of the training examples. */
  get isSampled(): boolean {
    return this.held.n < this.n;
  }

  get batchSize(): number {
    const { batchSize } = this.experiment.optimizer;
    return batchSize === "full" ? this.n : batchSize;
  }

  /** Starting parameters [d]: the experiment's weights file, or the default initialization from the seed. */
  async start(weights?: string): Promise<Float32Array> {
    const theta = new Float32Array(this.d);
    const views = viewsOf(theta, this.shapes);
    const from = weights ?? this.experiment.model.weights;
    if (from === undefined) {
      initialize(
        this.model.parameters,
        new Rng(this.experiment.seed, "init"),
        this.experiment.model.initialization,
      ).forEach((values, i) => views[i].set(values));
      return theta;
    }
    const path = resolve(dirname(this.file), from);
    const file = decodeSafetensors(await reader(this.file)(from), path);
    const { tensors, note } = takeWeights(file, this.model, path, this.experiment.model.names);
    if (note !== undefined) this.notes.push(note);
    fillFrom(tensors, this.model, views, { path });
    this.fillBuffers(new Map([...tensors].map(([name, { data }]) => [name, data])));
    return theta;
  }

  /** Takes running statistics over by name, from a checkpoint or a weights file; what is not there stays as it is. */
  fillBuffers(named: ReadonlyMap<string, Float32Array>): void {
    this.model.buffers.forEach(({ name }, i) => {
      const values = named.get(name);
      if (values?.length === this.buffers[i].length) this.buffers[i].set(values);
    });
  }

  /**
   * The curvature of the training loss on the examples held.
   * @param careful  See Graph: slower, and compiled beside the other.
   * @param once     Each operator multiplies once at a point.
   * @param ofAll    On all training examples, however many are held.
   * @param within   On the examples held, in fewer coordinates.
   */
  curvature(
    meter: Meter,
    { careful = false, once = false, ofAll = false, within = null }: CurvatureOf = {},
  ): Curvature {
    const parts = within?.parts ?? this.parts;
    const build = (mode: Mode) => (n: number) => buildNetwork(parts, n, mode, careful);
    const normalized = this.buffers.length > 0;
    const { n, x, y } = ofAll ? this.data.train : { ...this.held, ...(within && { x: within.x }) };
    const chunking = n === this.n && !within ? this.chunking : planChunks(parts, n, this.room);
    const signals = planSignals(parts, n, this.room);
    // Where products are split, what is per example is never in larger pieces.
    const smaller = signals && (!chunking || signals.size < chunking.size) ? signals : null;
    return new Curvature(
      this.engine,
      build("probe")(n),
      { x, y },
      {
        meter,
        once,
        buffers: this.buffers,
        stored: storedRoom(this.room),
        ...(normalized && { perExample: build("running")(n) }),
        ...((chunking ?? smaller) && {
          chunks: {
            chunking,
            signals: smaller,
            fullBatch: normalized ? null : build("probe"),
            perExample: build(normalized ? "running" : "probe"),
          },
        }),
      },
    );
  }

  /** The first layer before the examples held, where it may be narrowed. */
  get firstLayer(): WideFirstLayer | null {
    const { engine, parts, held: examples } = this;
    if (this.first === undefined)
      this.first = WideFirstLayer.of({
        engine,
        parts,
        examples,
        narrowed: (inputs) => this.narrowed(inputs),
      });
    return this.first;
  }

  /** The network for examples of another width; null where its layers want this one. */
  private narrowed(inputs: number): NetworkParts | null {
    const { model } = this.experiment;
    if (model.kind === undefined) return null;
    try {
      return { ...this.parts, inputs, model: buildModel(model, [inputs], this.parts.outputs) };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return null;
    }
  }

  /** The curvature of the loss on batches of `size` examples at a θ: one batch at a time, until the next call. */
  batchCurvature(size: number, meter: Meter): (theta: Float32Array, indices: Uint32Array) => CurvaturePoint {
    const { x, y, n } = this.data.train;
    const [D, K] = [x.length / n, y.length / n];
    const batch = { x: new Float32Array(size * D), y: new Float32Array(size * K) };
    let made: Curvature | null = null;
    return (theta, indices) => {
      gather(x, D, indices, batch.x);
      gather(y, K, indices, batch.y);
      const own = { products: 0, check: () => meter.check() };
      made ??= new Curvature(this.engine, buildNetwork(this.parts, size), batch, { meter: own });
      // A batch is visited for one product, which costs its share of one over all examples.
      meter.products += size / n;
      return made.at(theta);
    };
  }

  /** Loss and gradient on a batch of `size` examples as training sees them: run(x, y, …θ, …masks) → [loss, …∇, …statistics]. */
  async gradient(size: number): Promise<StepFunction> {
    const network = buildNetwork(this.parts, size, "train");
    const { x, y, parameters, masks, statistics, loss } = network;
    const compiled = await this.once(`gradient${size}`, () =>
      this.engine.compile(
        [x, y, ...parameters, ...masks.map(({ node }) => node)],
        [loss, ...grad(loss, parameters), ...statistics],
      ),
    );
    return {
      compiled,
      masks: masks.map(({ node, rate }) => ({ size: totalSize([node.shape]), rate })),
    };
  }

  /** Mean loss and accuracy on a split, chunk by chunk; accuracy is null for regression. Costs one forward pass. */
  async score(split: Split, theta: Float32Array): Promise<{ loss: number; accuracy: number | null }> {
    const { n, x, y, labels } = split;
    const [D, K] = [x.length / n, this.data.outputs];
    let [loss, right] = [0, 0];
    for (const [start, end] of this.pieces(n)) {
      const f = await this.once(`score${end - start}`, () => {
        const network = buildNetwork(this.parts, end - start, "running");
        return this.engine.compile(
          [network.x, network.y, ...network.parameters, ...network.buffers],
          [network.loss, network.output],
        );
      });
      const own = [x.subarray(start * D, end * D), y.subarray(start * K, end * K)];
      const [mean, outputs] = await f.run([...own, ...viewsOf(theta, this.shapes), ...this.buffers]);
      loss += (mean[0] * (end - start)) / n;
      if (labels) right += accuracyOf(outputs, labels.subarray(start, end), K) * (end - start);
    }
    return { loss, accuracy: labels ? right / n : null };
  }

  /** Consecutive ranges of at most a chunk's examples that cover 0 … n. */
  pieces(n: number): (readonly [start: number, end: number])[] {
    const size = this.chunking?.size ?? n;
    return Array.from({ length: Math.ceil(n / size) }, (_, i) => [i * size, Math.min(n, (i + 1) * size)]);
  }

  private once(key: string, compile: () => Promise<Compiled>): Promise<Compiled> {
    let made = this.compiled.get(key);
    if (!made) this.compiled.set(key, (made = compile()));
    return made;
  }
}

/** The examples of a run's readings: `subsample` of them, drawn once from the seed, or all. */
function heldOf(train: Split, { subsample = Infinity, seed }: Experiment): Split {
  if (subsample >= train.n) return train;
  const indices = new Rng(seed, "subsample").permutation(train.n).slice(0, subsample).sort();
  const rows = (values: Float32Array): Float32Array => {
    const width = values.length / train.n;
    const own = new Float32Array(subsample * width);
    gather(values, width, indices, own);
    return own;
  };
  const labels = train.labels && Int32Array.from(indices, (i) => train.labels![i]);
  return { n: subsample, x: rows(train.x), y: rows(train.y), labels };
}

/** Builds the model. @throws UserError that names the layer that does not fit and the experiment's file, or the ONNX file. */
async function modelOf({ model }: Experiment, file: string, data: Dataset): Promise<Model> {
  try {
    return await loadModel(model, data.inputShape, data.outputs, reader(file));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // A layer's error is about the experiment, whose name a model does not know.
    const placed = (place: SourcePlace): SourcePlace => (place.file === "model" ? { ...place, file } : place);
    throw new UserError(error.problems.map((problem) => ({ ...problem, place: placed(problem.place) })));
  }
}
