// Hessian, Gauss–Newton and noise operators of one network on one set of examples, compiled once and moved from θ to θ.
import type { Compiled, Engine } from "../engines/engine";
import { grad, hvp } from "../graph/differentiate";
import type { Node } from "../graph/node";
import { add, dot, mul, reshape, sumLast } from "../graph/ops";
import { Chunks, type Chunk, type Chunking } from "./chunks";
import { joinSignals, pulled, pushed, signalsOf, tapGroups } from "./factors";
import { totalSize, viewsOf } from "./flat";
import { addKernelBlocks, gramFeeds, gramFunction, type TapSignal } from "./gram";
import type { Network } from "./network";
import type { LinearOperator } from "./operator";
import { layersOf, type Layer } from "./restricted";
import type { Side } from "./side";

/** Counts products so that every reading can state its cost; checked before each product, so work can be stopped. */
export interface Meter {
  products: number;
  /** Throws to abandon the reading (the run was asked to stop). */
  check(): void;
}

export interface CurvatureOptions {
  readonly meter?: Meter;
  /** The same network with running statistics, for everything per example; without it they are one. */
  readonly each?: Network;
  /** Those statistics, read anew at every `setPoint`. */
  readonly buffers?: readonly Float32Array[];
  /** How to split the examples, and how to build either network for another number of them. */
  readonly chunks?: {
    readonly chunking: Chunking;
    /** Batch statistics tie all examples together: such a loss is never split. */
    readonly whole: ((n: number) => Network) | null;
    readonly each: (n: number) => Network;
  };
}

export class Curvature {
  readonly size: number;
  readonly shapes: readonly (readonly number[])[];
  readonly meter: Meter;
  /** The loss that training follows, and the network in which every example has a loss of its own; one where they agree. */
  readonly whole: Chunks;
  readonly each: Chunks;
  private readonly buffers: readonly Float32Array[];
  private readonly grams = new Map<string, Promise<Compiled>>();
  private kernel: Float32Array | null = null;
  private at: Float32Array = new Float32Array(0);

  /**
   * @param network  Batch statistics where the model normalizes over the batch: loss, gradient, Hessian.
   * @param x        Examples [n, D].
   * @param y        Targets [n, K].
   */
  constructor(
    private readonly engine: Engine,
    readonly network: Network,
    private readonly x: Float32Array,
    private readonly y: Float32Array,
    { meter, each, buffers = [], chunks }: CurvatureOptions = {},
  ) {
    this.meter = meter ?? { products: 0, check: () => undefined };
    this.buffers = buffers;
    this.shapes = network.parameters.map((node) => node.shape);
    this.size = totalSize(this.shapes);
    const none = (): Network => network;
    const { chunking = null } = chunks ?? {};
    this.whole = new Chunks(engine, network, chunks?.whole ?? none, chunks?.whole ? chunking : null);
    this.each = each ? new Chunks(engine, each, chunks?.each ?? none, chunking) : this.whole;
  }

  /** Whether what is per example rests on running statistics, which the Hessian does not use. */
  get usesRunningStatistics(): boolean {
    return this.each !== this.whole;
  }

  /** Moves to θ [P]. The vector is read lazily: call again after it changed. */
  setPoint(theta: Float32Array): void {
    this.at = theta;
    const views = viewsOf(theta, this.shapes);
    this.kernel = null;
    this.whole.setPoint(this.x, this.y, views);
    if (this.each !== this.whole) this.each.setPoint(this.x, this.y, [...views, ...this.buffers]);
  }

  /** θ [P], the caller's own vector. */
  get theta(): Float32Array {
    return this.at;
  }

  /** Parameters of one module together, in order. */
  get layers(): Layer[] {
    return layersOf(
      this.network.parameters.map((node, i) => ({ name: String(node.attrs.name), shape: this.shapes[i] })),
    );
  }

  /** W₁ [rows, columns] of a first layer that is linear in x. @throws where there is none. */
  firstWeight(): { readonly values: Float32Array; readonly columns: number } {
    const { first } = this.each.network;
    if (!first) throw new Error("internal: the first layer is not dense");
    return { values: viewsOf(this.at, this.shapes)[first.weight], columns: this.shapes[first.weight][1] };
  }

  private operator(chunks: Chunks, name: string, outputs: (side: Side) => readonly Node[]): LinearOperator {
    return {
      size: this.size,
      apply: async (v, out) => {
        this.meter.check();
        await chunks.mean(name, outputs, ({ side }) => side.views(v, this.shapes), viewsOf(out, this.shapes));
        this.meter.products++;
      },
    };
  }

  /** H v, H = ∇²L. One product costs about one gradient. */
  hessian(): LinearOperator {
    return this.operator(this.whole, "hessian", ({ network: { loss, parameters }, v }) =>
      hvp(loss, parameters, v),
    );
  }

  /**
   * ∇_θ (vᵀH(θ)v) at fixed v [P], the gradient of sharpness where v is a unit top eigenvector: one more differentiation.
   * @source Damian, Nichani & Lee, ICLR 2023; theory.md, section 6. Costs about two Hessian products.
   */
  async curvatureGradient(v: Float32Array): Promise<Float32Array> {
    this.meter.check();
    const out = new Float32Array(this.size);
    await this.whole.mean(
      "curvatureGradient",
      ({ network: { loss, parameters }, v: nodes }) => {
        const inner = hvp(loss, parameters, nodes)
          .map((node, i) => dot(node, nodes[i]))
          .reduce((a, b) => add(a, b));
        return grad(inner, parameters);
      },
      ({ side }) => side.views(v, this.shapes),
      viewsOf(out, this.shapes),
    );
    this.meter.products += 2;
    return out;
  }

  /** Gauss–Newton product (1/n) Σ GᵢGᵢᵀ v. */
  gaussNewton(): LinearOperator {
    return this.operator(this.each, "gaussNewton", (side) => pushed(side, pulled(side)));
  }

  /**
   * Σ v = (1/n) Σ Gᵢ (GᵢᵀGᵢ)(Gᵢᵀv) − H(Hv) with H = (1/n) Σ GᵢGᵢᵀ: the price of two Gauss–Newton products whatever n is.
   * @source theory.md, section 1. The kernel blocks GᵢᵀGᵢ are computed once per θ.
   */
  noiseMatrix(): LinearOperator {
    const { K } = this.network;
    const kernelOf = ({ network: { graph, n } }: Side): Node => graph.input("kernel", [n, K, K]);
    const outputs = (side: Side): Node[] => {
      const { n } = side.network;
      const c = pulled(side);
      const weighted = sumLast(mul(kernelOf(side), reshape(c, [n, 1, K])));
      return [...pushed(side, weighted), ...pushed(side, c)];
    };
    const gaussNewton = this.gaussNewton();
    const hv = new Float32Array(this.size);
    const hhv = new Float32Array(this.size);
    return {
      size: this.size,
      apply: async (v, out) => {
        this.meter.check();
        const kernel = await this.kernelBlocks();
        const feeds = ({ side, start, n }: Chunk) =>
          side.views(v, this.shapes).set(kernelOf(side), kernel.subarray(start * K * K, (start + n) * K * K));
        await this.each.mean("noise", outputs, feeds, [
          ...viewsOf(out, this.shapes),
          ...viewsOf(hv, this.shapes),
        ]);
        this.meter.products++;
        await gaussNewton.apply(hv, hhv);
        for (let i = 0; i < out.length; i++) out[i] -= hhv[i];
      },
    };
  }

  /** Gᵀv as [nK], row iK + k: coordinates of every example's factor along v. Costs about half a product. */
  async factorCoordinates(v: Float32Array): Promise<Float32Array> {
    this.meter.check();
    const { n, K } = this.network;
    const c = new Float32Array(n * K);
    await this.each.forEach(
      "factorCoordinates",
      (side) => [pulled(side)],
      ({ side }) => side.views(v, this.shapes),
      ([own], { start }) => c.set(own, start * K),
    );
    this.meter.products++;
    return c;
  }

  /** (1/n) G c, [P], from c [nK]: the transpose of `factorCoordinates` over n. Costs about half a product. */
  async pushFactors(c: Float32Array, out: Float32Array): Promise<void> {
    this.meter.check();
    const { K } = this.network;
    const cOf = ({ network: { graph, n } }: Side): Node => graph.input("data.c", [n, K]);
    await this.each.mean(
      "pushed",
      (side) => pushed(side, cOf(side)),
      ({ side, start, n }) => new Map([[cOf(side), c.subarray(start * K, (start + n) * K)]]),
      viewsOf(out, this.shapes),
    );
  }

  /**
   * The sufficient condition's operator on data space [nK]: c ↦ (1 − p)/n GᵀG c + p blockdiag(GᵢᵀGᵢ) c. Its λmax bounds the
   * generalized one of ((1−p)H² + p(1/n)ΣHᵢ²) against H from above (v ↦ c = Gᵀv), so 2/λmax is certainly stable.
   * @source theory.md, section 1. One product costs one vector-Jacobian and one Jacobian-vector product.
   */
  sufficientOperator(p: number): LinearOperator {
    const { n, K } = this.network;
    const back = new Float32Array(this.size);
    return {
      size: n * K,
      apply: async (c, out) => {
        await this.pushFactors(c, back);
        const forth = await this.factorCoordinates(back);
        const blocks = await this.kernelBlocks();
        for (let i = 0; i < n; i++)
          for (let k = 0; k < K; k++) {
            const row = (i * K + k) * K;
            let own = 0;
            for (let m = 0; m < K; m++) own += blocks[row + m] * c[i * K + m];
            out[i * K + k] = (1 - p) * forth[i * K + k] + p * own;
          }
      },
    };
  }

  /** Kernel blocks GᵢᵀGᵢ, [n, K, K], chunk by chunk and tap by tap; computed once per θ. */
  async kernelBlocks(): Promise<Float32Array> {
    if (this.kernel) return this.kernel;
    const { n, K } = this.network;
    const blocks = new Float32Array(n * K * K);
    for (const chunk of this.each.list) {
      const own = blocks.subarray(chunk.start * K * K, (chunk.start + chunk.n) * K * K);
      for (const group of tapGroups(chunk.side.network))
        for (const signal of await signalsOf(chunk, group, this.meter))
          addKernelBlocks(own, signal, { n: chunk.n, K });
    }
    return (this.kernel = blocks);
  }

  /** Gram matrix GᵀG, [nK, nK], index (i, k) ↦ iK + k. Memory 4(nK)² bytes. @source theory.md, section 2. */
  async gram(): Promise<Float32Array> {
    const { n, K } = this.network;
    let total: Float32Array | null = null;
    for (const group of tapGroups(this.each.network)) {
      const parts: TapSignal[][] = [];
      for (const chunk of this.each.list) parts.push(await signalsOf(chunk, group, this.meter));
      const signals = joinSignals(parts);
      const key = group.join();
      let built = this.grams.get(key);
      if (!built) this.grams.set(key, (built = gramFunction(this.engine, { n, K }, signals)));
      const [part] = await (await built).run(gramFeeds(signals));
      if (total === null) total = part;
      else for (let i = 0; i < total.length; i++) total[i] += part[i];
    }
    return total!;
  }

  /** Loss, outputs [n, K], per-example losses [n] and gradient [P] at θ. */
  async evaluate(): Promise<{
    loss: number;
    outputs: Float32Array;
    perExample: Float32Array;
    gradient: Float32Array;
  }> {
    const { n, K } = this.network;
    const [outputs, perExample] = [new Float32Array(n * K), new Float32Array(n)];
    const gradient = new Float32Array(this.size);
    const mean = new Float32Array(1);
    await this.whole.mean(
      "gradient",
      ({ network: { loss, parameters } }) => [loss, ...grad(loss, parameters)],
      () => new Map(),
      [mean, ...viewsOf(gradient, this.shapes)],
    );
    await this.whole.forEach(
      "outputs",
      ({ network }) => [network.output, network.perExample],
      () => new Map(),
      ([f, each], { start }) => {
        outputs.set(f, start * K);
        perExample.set(each, start);
      },
    );
    return { loss: mean[0], outputs, perExample, gradient };
  }
}
