// The curvature of one network at one θ: loss, gradient and every operator there. Immutable, the next θ is another point; but one may pass on with training.
import type { ChunkPoints } from "./chunks";
import * as factor from "./factorOperators";
import { viewsOf } from "./flat";
import type { TapSignal } from "./gram";
import {
  gramMatrix,
  kernelBlocks,
  storedKernelBlocks,
  tiedGramMatrix,
  tiedKernelBlocks,
  type SignalFunctions,
} from "./gramMatrices";
import * as ofLoss from "./lossOperators";
import type { Evaluation } from "./lossOperators";
import type { Meter } from "./meter";
import type { Network } from "./network";
import type { LinearOperator } from "./operator";
import type { Layer } from "./restricted";
import type { StagedPoint } from "./stagedFunction";
import { storeSignals, type ProductFunction } from "./storedFactors";

/** What a point is made of. */
export interface PointParts extends ofLoss.AtPoint {
  /** θ [P], never written to. */
  readonly theta: Float32Array;
  readonly layers: readonly Layer[];
  /** The network in which every example has a loss of its own; the same where the two agree. */
  readonly perExample: ChunkPoints;
  /** The examples as `perExample` has them, in chunks small enough for per-example gradients. */
  readonly signals: ChunkPoints;
  /** Inputs of all examples, [n, D], and `perExample` with others in their place. */
  readonly x: Float32Array;
  readonly moved: (x: Float32Array) => ChunkPoints;
  readonly signalFunctions: SignalFunctions;
  /** Whether the signals of all taps are kept, and what then multiplies with them. */
  readonly keepsSignals: boolean;
  readonly productFunction: (signals: readonly TapSignal[]) => Promise<ProductFunction>;
}

/** The signals of all taps, kept, and where products with them are staged. */
interface Stored {
  readonly signals: readonly TapSignal[];
  readonly product: ProductFunction;
  readonly at: StagedPoint;
}

export class CurvaturePoint implements ofLoss.AtPoint {
  private kernel: Promise<Float32Array> | null = null;
  private stored: Promise<Stored> | null = null;
  private evaluation: Promise<Evaluation> | null = null;

  constructor(private parts: PointParts) {}

  /** Passes on to another θ [P], where its parts are already: what it computed is forgotten. */
  pass(theta: Float32Array): void {
    this.parts = { ...this.parts, theta };
    this.kernel = null;
    this.stored = null;
    this.evaluation = null;
  }

  get size(): number {
    return this.parts.size;
  }

  get shapes(): readonly (readonly number[])[] {
    return this.parts.shapes;
  }

  get meter(): Meter {
    return this.parts.meter;
  }

  get theta(): Float32Array {
    return this.parts.theta;
  }

  /** Parameters of one module together, in order. */
  get layers(): readonly Layer[] {
    return this.parts.layers;
  }

  get fullBatch(): ChunkPoints {
    return this.parts.fullBatch;
  }

  get x(): Float32Array {
    return this.parts.x;
  }

  /** `perExample` with other inputs [n, D]. */
  get moved(): (x: Float32Array) => ChunkPoints {
    return this.parts.moved;
  }

  get perExample(): ChunkPoints {
    return this.parts.perExample;
  }

  /** Whether batch statistics tie the examples together: a row of the factors is then a product of its own. */
  get tied(): boolean {
    return this.parts.perExample !== this.parts.fullBatch;
  }

  get network(): Network {
    return this.parts.fullBatch.network;
  }

  /** Loss, outputs [n, K], per-example losses [n] and gradient [P]; computed once. */
  evaluate(): Promise<Evaluation> {
    return (this.evaluation ??= ofLoss.evaluate(this));
  }

  hessian(): LinearOperator {
    return ofLoss.hessian(this);
  }

  hessianAlong(v: Float32Array): Promise<number> {
    return ofLoss.hessianAlong(this, v);
  }

  gaussNewtonAlong(v: Float32Array): Promise<number> {
    return factor.gaussNewtonAlong(this, v);
  }

  curvatureGradient(v: Float32Array): Promise<Float32Array> {
    return ofLoss.curvatureGradient(this, v);
  }

  gaussNewton(): LinearOperator {
    return factor.gaussNewton(this);
  }

  noiseMatrix(): LinearOperator {
    return factor.noiseMatrix(this, this.dataSpace());
  }

  factorCoordinates(v: Float32Array): Promise<Float32Array> {
    return factor.factorCoordinates(this, v);
  }

  pushFactors(c: Float32Array, out: Float32Array): Promise<void> {
    return factor.pushFactors(this, c, out);
  }

  sufficientOperator(p: number): LinearOperator {
    return factor.sufficientOperator(this, p, this.dataSpace());
  }

  private dataSpace() {
    return { blocks: () => this.kernelBlocks(), gram: this.gramOperator() };
  }

  /** Kernel blocks GᵢᵀGᵢ, [n, K, K]; computed once, and anew where that was abandoned. */
  async kernelBlocks(): Promise<Float32Array> {
    this.kernel ??= this.newKernelBlocks();
    try {
      return await this.kernel;
    } catch (error) {
      this.kernel = null;
      throw error;
    }
  }

  private async newKernelBlocks(): Promise<Float32Array> {
    if (this.tied) return tiedKernelBlocks(this);
    const stored = await this.storedFactors();
    return stored
      ? storedKernelBlocks(stored.signals, this.network, this.parts.signalFunctions)
      : kernelBlocks(this.parts.signals, this.meter, this.parts.signalFunctions);
  }

  /** The factors of all examples, where they fit; computed once, and anew where that was abandoned. */
  private async storedFactors(): Promise<Stored | null> {
    if (!this.parts.keepsSignals) return null;
    this.stored ??= this.store();
    try {
      return await this.stored;
    } catch (error) {
      this.stored = null;
      throw error;
    }
  }

  private async store(): Promise<Stored> {
    const signals = await storeSignals(this.parts.signals, this.meter);
    const product = await this.parts.productFunction(signals);
    return { signals, product, at: product.at(signals) };
  }

  /** c ↦ (1/n) GᵀG c on data space [nK]: with the factors themselves where they are kept, else through the network. */
  private gramOperator(): LinearOperator {
    const through = factor.gramOperator(this);
    return {
      size: through.size,
      apply: async (c, out) => {
        const stored = await this.storedFactors();
        if (!stored) return through.apply(c, out);
        await this.meter.check();
        await stored.product.run(stored.at, c, out);
        this.meter.products++;
      },
    };
  }

  /** Frees the factors of all examples, where they are kept; not while they are multiplied with. */
  readonly forgetFactors = (): void => {
    this.stored = null;
  };

  /** Frees what is compiled for it and staged at it; not while anything is being computed. */
  async release(): Promise<void> {
    const { fullBatch, perExample, signals } = this.parts;
    this.forgetFactors();
    for (const examples of new Set([fullBatch, perExample, signals])) await examples.release();
  }

  /** GᵀG [nK, nK] of the factors, see `gramMatrix`. */
  async gram(): Promise<Float32Array> {
    if (this.tied) return tiedGramMatrix(this);
    const stored = (await this.storedFactors())?.signals ?? null;
    return gramMatrix(this.parts.signals, this.meter, { stored, functions: this.parts.signalFunctions });
  }

  /** W₁ [rows, columns] of a first layer that is linear in x; null where there is none. */
  firstWeight(): { readonly values: Float32Array; readonly columns: number } | null {
    const { first } = this.perExample.network;
    if (!first) return null;
    return { values: viewsOf(this.theta, this.shapes)[first.weight], columns: this.shapes[first.weight][1] };
  }
}
