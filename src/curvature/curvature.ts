// One network on one set of examples, compiled once: `at` gives its curvature at a θ.
import type { Compiled, Engine } from "../engines/engine";
import { nameOf } from "../graph/node";
import { Chunks, type Chunking } from "./chunks";
import { CurvaturePoint } from "./curvaturePoint";
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
    const whole = once ? { size: network.n, keep: 0 } : null;
    const chunking = planned ? { ...planned, ...(once && { keep: 0 }) } : whole;
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
    const { y } = this.examples;
    const own = theta.slice();
    const views = viewsOf(own, this.shapes);
    const fullBatch = this.fullBatch.at(x, y, views);
    const running = [...views, ...this.buffers.map((buffer) => buffer.slice())];
    const perExample = this.perExample !== this.fullBatch ? this.perExample.at(x, y, running) : fullBatch;
    const signals = this.signals === this.perExample ? perExample : this.signals.at(x, y, running);
    const { size, shapes, layers, meter } = this;
    return new CurvaturePoint({
      size,
      shapes,
      layers,
      meter,
      theta: own,
      fullBatch,
      perExample,
      x,
      moved: (other) => this.perExample.at(other, y, running),
      signals,
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
