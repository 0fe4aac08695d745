// One network on one set of examples, compiled once: `at` gives its curvature at a θ.
import type { Compiled, Engine } from "../engines/engine";
import { nameOf } from "../graph/node";
import { Chunks, type Chunking } from "./chunks";
import { CurvaturePoint, type PointParts } from "./curvaturePoint";
import { totalSize, viewsOf } from "./flat";
import { blocksFunction, gramFunction } from "./gram";
import type { SignalFunctions } from "./gramMatrices";
import { plainMeter, type Meter } from "./meter";
import type { Network } from "./network";
import { layersOf, type Layer } from "./restricted";
import { productFunction, storedBytes, type ProductFunction } from "./storedFactors";

export interface CurvatureOptions {
  readonly meter?: Meter;
  /** The same network with running statistics, as it is used after training, for what one example does by itself; without it they are one. */
  readonly perExample?: Network;
  /** Those statistics, as they are when `at` is called. */
  readonly buffers?: readonly Float32Array[];
  /** Bytes that the factors of all examples may fill to be kept. Default 0: products go through the network. */
  readonly stored?: number;
  /** Each function is used once at a point: nothing is staged. Default false. */
  readonly once?: boolean;
  /** How to split the examples, and how to build either network for another number of them. */
  readonly chunks?: {
    /** For products; null where they need no splitting. */
    readonly chunking: Chunking | null;
    /** For per-example gradients, which take K times a layer's width an example. */
    readonly signals: Chunking | null;
    /** Batch statistics tie all examples together: such a loss is never split. */
    readonly fullBatch: ((n: number) => Network) | null;
    readonly perExample: (n: number) => Network;
  };
}

/** The examples at one θ. */
interface ExamplesAt extends Pick<PointParts, "x" | "fullBatch" | "perExample" | "signals" | "moved"> {
  /** Copies of the running statistics. */
  readonly running: readonly Float32Array[];
}

export class Curvature {
  readonly size: number;
  readonly shapes: readonly (readonly number[])[];
  readonly layers: readonly Layer[];
  readonly meter: Meter;
  private readonly fullBatch: Chunks;
  private readonly perExample: Chunks;
  private readonly signals: Chunks;
  private readonly buffers: readonly Float32Array[];
  private readonly ofSignals = new Map<string, Promise<Compiled>>();
  private readonly keepsSignals: boolean;
  private product: Promise<ProductFunction> | null = null;
  /** The point that passes on with training, and the θ that its examples are at. */
  private standing: {
    readonly theta: Float32Array;
    readonly at: ExamplesAt;
    readonly point: CurvaturePoint;
  } | null = null;

  /**
   * @param network  Batch statistics where the model normalizes over the batch: loss, gradient, Hessian.
   * @param examples  x [n, D] and y [n, K].
   */
  constructor(
    private readonly engine: Engine,
    readonly network: Network,
    private readonly examples: { readonly x: Float32Array; readonly y: Float32Array },
    {
      meter = plainMeter(),
      perExample,
      buffers = [],
      chunks,
      once = false,
      stored = 0,
    }: CurvatureOptions = {},
  ) {
    this.meter = meter;
    this.buffers = buffers;
    this.shapes = network.parameters.map((node) => node.shape);
    this.size = totalSize(this.shapes);
    this.layers = layersOf(
      network.parameters.map((node, i) => ({ name: nameOf(node), shape: this.shapes[i] })),
    );
    const own = perExample ?? network;
    this.keepsSignals = !perExample && stored > 0 && storedBytes(own) <= stored;
    const never = (): Network => network;
    const { chunking: planned = null, signals = null } = chunks ?? {};
    const whole = once ? { size: network.n, keep: 0, windows: false } : null;
    const chunking = planned ? { ...planned, ...(once && { keep: 0, windows: false }) } : whole;
    this.fullBatch = new Chunks(
      engine,
      network,
      chunks?.fullBatch ?? never,
      chunks?.fullBatch ? chunking : whole,
    );
    this.perExample = perExample
      ? new Chunks(engine, own, chunks?.perExample ?? never, chunking)
      : this.fullBatch;
    this.signals = chunks && signals ? new Chunks(engine, own, chunks.perExample, signals) : this.perExample;
  }

  /**
   * The curvature at θ [P]. θ and the running statistics are copied: the point stays as it is, whatever training does next.
   * @param x  The examples' inputs, where they depend on θ.
   */
  at(theta: Float32Array, x = this.examples.x): CurvaturePoint {
    const own = theta.slice();
    return this.pointOf(own, this.examplesAt(own, x));
  }

  /**
   * As `at`, for a point that passes on with training: it is the same object each time, and stands at the θ of the last call. What is
   * staged there is written into the same arrays: to make all of it anew is a large part of a small net's reading.
   */
  passing(theta: Float32Array): CurvaturePoint {
    const { examples, buffers } = this;
    if (!this.standing) {
      const copy = theta.slice();
      const at = this.examplesAt(copy, examples.x);
      this.standing = { theta: copy, at, point: this.pointOf(theta.slice(), at) };
      return this.standing.point;
    }
    const { theta: copy, at, point } = this.standing;
    copy.set(theta);
    for (let i = 0; i < buffers.length; i++) at.running[i].set(buffers[i]);
    at.fullBatch.renew();
    if (at.perExample !== at.fullBatch) at.perExample.renew();
    if (at.signals !== at.perExample) at.signals.renew();
    // Not the copy: a probe may keep the θ that it read at.
    point.pass(theta.slice());
    return point;
  }

  /** The examples at θ, which is not copied. */
  private examplesAt(theta: Float32Array, x: Float32Array): ExamplesAt {
    const { y } = this.examples;
    const views = viewsOf(theta, this.shapes);
    const fullBatch = this.fullBatch.at(x, y, views);
    const running = this.buffers.map((buffer) => buffer.slice());
    const rest = [...views, ...running];
    const perExample = this.perExample !== this.fullBatch ? this.perExample.at(x, y, rest) : fullBatch;
    const signals = this.signals === this.perExample ? perExample : this.signals.at(x, y, rest);
    return {
      x,
      fullBatch,
      perExample,
      signals,
      running,
      moved: (other) => this.perExample.at(other, y, rest),
    };
  }

  private pointOf(theta: Float32Array, { running: _, ...at }: ExamplesAt): CurvaturePoint {
    const { size, shapes, layers, meter } = this;
    return new CurvaturePoint({
      size,
      shapes,
      layers,
      meter,
      theta,
      ...at,
      signalFunctions: this.signalFunctions,
      keepsSignals: this.keepsSignals,
      productFunction: (all) => (this.product ??= productFunction(this.engine, this.network, all)),
    });
  }

  private readonly signalFunctions: SignalFunctions = (what, n, group, signals) => {
    const key = `${what} ${n} ${group.join()}`;
    let built = this.ofSignals.get(key);
    if (!built) {
      const compile = what === "gram" ? gramFunction : blocksFunction;
      built = compile(this.engine, { n, K: this.network.K }, signals);
      this.ofSignals.set(key, built);
    }
    return built;
  };
}
