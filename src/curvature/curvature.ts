// Hessian, Gauss–Newton and noise operators of one network on one set of examples, compiled once and moved from θ to θ.
import type { Engine } from "../engines/engine";
import { grad, hvp, jvp, vjp } from "../graph/differentiate";
import type { Node } from "../graph/node";
import { add, dot, mul, reshape, sumLast } from "../graph/ops";
import { totalSize, viewsOf } from "./flat";
import { addKernelBlocks, gramFeeds, gramFunction, type TapSignal } from "./gram";
import type { Network } from "./network";
import type { LinearOperator } from "./operator";
import { layersOf, type Layer } from "./restricted";
import { Side } from "./side";

/** Counts products so that every reading can state its cost; checked before each product, so work can be stopped. */
export interface Meter {
  products: number;
  /** Throws to abandon the reading (the run was asked to stop). */
  check(): void;
}

export class Curvature {
  readonly size: number;
  readonly shapes: readonly (readonly number[])[];
  /** The loss that training follows, and the network in which every example has a loss of its own; one where they agree. */
  readonly whole: Side;
  readonly each: Side;
  private kernel: Float32Array | null = null;
  private at: Float32Array = new Float32Array(0);

  /**
   * @param network  Batch statistics where the model normalizes over the batch: loss, gradient, Hessian.
   * @param x        Examples [n, D].
   * @param y        Targets [n, K].
   * @param each     The same network with running statistics, for everything per example; `network` where there are none.
   * @param buffers  Those statistics, read anew at every `setPoint`.
   */
  constructor(
    private readonly engine: Engine,
    readonly network: Network,
    private readonly x: Float32Array,
    private readonly y: Float32Array,
    readonly meter: Meter = { products: 0, check: () => undefined },
    each: Network = network,
    private readonly buffers: readonly Float32Array[] = [],
  ) {
    this.shapes = network.parameters.map((node) => node.shape);
    this.size = totalSize(this.shapes);
    this.whole = new Side(engine, network);
    this.each = each === network ? this.whole : new Side(engine, each);
  }

  /** Whether what is per example rests on running statistics, which the Hessian does not use. */
  get usesRunningStatistics(): boolean {
    return this.each !== this.whole;
  }

  /** Moves to θ [P]. The vector is read lazily: call again after it changed. */
  setPoint(theta: Float32Array): void {
    this.at = theta;
    const point = [this.x, this.y, ...viewsOf(theta, this.shapes)];
    this.kernel = null;
    this.whole.setPoint(point);
    if (this.each !== this.whole) this.each.setPoint([...point, ...this.buffers]);
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

  private operator(side: Side, name: string, outputs: () => readonly Node[]): LinearOperator {
    return {
      size: this.size,
      apply: async (v, out) => {
        this.meter.check();
        const f = await side.function(name, outputs, side.v);
        await f.run(side.views(v, this.shapes), viewsOf(out, this.shapes));
        this.meter.products++;
      },
    };
  }

  /** H v, H = ∇²L. One product costs about one gradient. */
  hessian(): LinearOperator {
    const { whole } = this;
    const { loss, parameters } = whole.network;
    return this.operator(whole, "hessian", () => hvp(loss, parameters, whole.v));
  }

  /**
   * ∇_θ (vᵀH(θ)v) at fixed v [P], the gradient of sharpness where v is a unit top eigenvector: one more differentiation.
   * @source Damian, Nichani & Lee, ICLR 2023; theory.md, section 6. Costs about two Hessian products.
   */
  async curvatureGradient(v: Float32Array): Promise<Float32Array> {
    this.meter.check();
    const { whole } = this;
    const build = () => {
      const { loss, parameters } = whole.network;
      const inner = (nodes: readonly Node[]) =>
        nodes.map((node, i) => dot(node, whole.v[i])).reduce((a, b) => add(a, b));
      return grad(inner(hvp(loss, parameters, whole.v)), parameters);
    };
    const f = await whole.function("curvatureGradient", build, whole.v);
    const out = new Float32Array(this.size);
    await f.run(whole.views(v, this.shapes), viewsOf(out, this.shapes));
    this.meter.products += 2;
    return out;
  }

  /** c = Gᵀv as [n, K]: cᵢ = SᵢᵀJᵢv. */
  private pulled(): Node {
    const { output, parameters, graph, factor } = this.each.network;
    const [jv] = jvp([output], parameters, this.each.v);
    const u = graph.input("factor.u", output.shape);
    return vjp([factor(u)], [jv], [u])[0];
  }

  /** (1/n) G c for c [n, K]: (1/n) Σ Jᵢᵀ Sᵢ cᵢ, one node per parameter. */
  private pushed(c: Node): Node[] {
    const { output, parameters, factor, n } = this.each.network;
    return vjp([output], [mul(factor(c), 1 / n)], parameters);
  }

  /** Gauss–Newton product (1/n) Σ GᵢGᵢᵀ v. */
  gaussNewton(): LinearOperator {
    return this.operator(this.each, "gaussNewton", () => this.pushed(this.pulled()));
  }

  /**
   * Σ v = (1/n) Σ Gᵢ (GᵢᵀGᵢ)(Gᵢᵀv) − H(Hv) with H = (1/n) Σ GᵢGᵢᵀ: the price of two Gauss–Newton products whatever n is.
   * @source theory.md, section 1. The kernel blocks GᵢᵀGᵢ are computed once per θ.
   */
  noiseMatrix(): LinearOperator {
    const { each } = this;
    const { graph, n, K } = each.network;
    const kernelNode = graph.input("kernel", [n, K, K]);
    const outputs = () => {
      const c = this.pulled();
      const weighted = sumLast(mul(kernelNode, reshape(c, [n, 1, K])));
      return [...this.pushed(weighted), ...this.pushed(c)];
    };
    const gaussNewton = this.gaussNewton();
    const hv = new Float32Array(this.size);
    const hhv = new Float32Array(this.size);
    return {
      size: this.size,
      apply: async (v, out) => {
        this.meter.check();
        const f = await each.function("noise", outputs, [...each.v, kernelNode]);
        const dynamic = each.views(v, this.shapes).set(kernelNode, await this.kernelBlocks());
        await f.run(dynamic, [...viewsOf(out, this.shapes), ...viewsOf(hv, this.shapes)]);
        this.meter.products++;
        await gaussNewton.apply(hv, hhv);
        for (let i = 0; i < out.length; i++) out[i] -= hhv[i];
      },
    };
  }

  /** Gᵀv as [nK], row iK + k: coordinates of every example's factor along v. Costs about half a product. */
  async factorCoordinates(v: Float32Array): Promise<Float32Array> {
    this.meter.check();
    const { each } = this;
    const f = await each.function("factorCoordinates", () => [this.pulled()], each.v);
    const [c] = await f.run(each.views(v, this.shapes));
    this.meter.products++;
    return c;
  }

  /** (1/n) G c, [P], from c [nK]: the transpose of `factorCoordinates` over n. Costs about half a product. */
  async pushFactors(c: Float32Array, out: Float32Array): Promise<void> {
    this.meter.check();
    const { each } = this;
    const { graph, n, K } = each.network;
    const cNode = graph.input("data.c", [n, K]);
    const f = await each.function("pushed", () => this.pushed(cNode), [cNode]);
    await f.run(new Map([[cNode, c]]), viewsOf(out, this.shapes));
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

  /** What the taps `wanted` contribute to every factor column; memory 4 nK · width bytes a tap. Costs K back-propagations. */
  private async signals(wanted: readonly number[]): Promise<TapSignal[]> {
    const { each } = this;
    const { graph, output, factor, taps, n, K } = each.network;
    const chosen = wanted.map((l) => taps[l]);
    const u = graph.input("signal.u", [n, K]);
    const f = await each.function(
      `signals ${wanted.join()}`,
      () => {
        const deltas = vjp(
          [output],
          [factor(u)],
          chosen.map((tap) => tap.output),
        );
        return chosen.map((tap, l) => (tap.dense ? deltas[l] : tap.perExample(deltas[l])));
      },
      [u],
    );
    const rows: Float32Array[] = [];
    const seed = new Float32Array(n * K);
    for (let k = 0; k < K; k++) {
      this.meter.check();
      for (let i = 0; i < n; i++) for (let j = 0; j < K; j++) seed[i * K + j] = j === k ? 1 : 0;
      (await f.run(new Map([[u, seed]]))).forEach((values, l) => {
        const width = values.length / n;
        rows[l] ??= new Float32Array(n * K * width);
        for (let i = 0; i < n; i++)
          rows[l].set(values.subarray(i * width, (i + 1) * width), (i * K + k) * width);
      });
    }
    const dense = chosen.flatMap((tap) => (tap.dense ? [tap.dense.input] : []));
    const activations =
      dense.length > 0 ? await each.function(`activations ${wanted.join()}`, () => dense, []) : null;
    const inputs = (await activations?.run(new Map())) ?? [];
    let next = 0;
    return chosen.map((tap, l) => ({
      rows: rows[l],
      width: rows[l].length / (n * K),
      ...(tap.dense ? { dense: { input: inputs[next++], bias: tap.dense.bias } } : {}),
    }));
  }

  /** Kernel blocks GᵢᵀGᵢ, [n, K, K], tap by tap; computed once per θ. */
  async kernelBlocks(): Promise<Float32Array> {
    if (this.kernel) return this.kernel;
    const { n, K, taps } = this.each.network;
    const blocks = new Float32Array(n * K * K);
    for (const group of this.tapGroups(taps.length))
      for (const signal of await this.signals(group)) addKernelBlocks(blocks, signal, { n, K });
    return (this.kernel = blocks);
  }

  /** Dense layers together in one pass; the others, which write per-example gradients down, one at a time. */
  private tapGroups(count: number): number[][] {
    const { taps } = this.each.network;
    const all = Array.from({ length: count }, (_, l) => l);
    const dense = all.filter((l) => taps[l].dense);
    return [...(dense.length > 0 ? [dense] : []), ...all.filter((l) => !taps[l].dense).map((l) => [l])];
  }

  /** Gram matrix GᵀG, [nK, nK], index (i, k) ↦ iK + k. Memory 4(nK)² bytes. @source theory.md, section 2. */
  async gram(): Promise<Float32Array> {
    const { each, engine } = this;
    const { n, K, taps } = each.network;
    let total: Float32Array | null = null;
    for (const group of this.tapGroups(taps.length)) {
      const signals = await this.signals(group);
      const f = await each.gram(group, () => gramFunction(engine, { n, K }, signals));
      const [part] = await f.run(gramFeeds(signals));
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
    const { whole } = this;
    const { loss, output, perExample, parameters } = whole.network;
    const f = await whole.function(
      "evaluate",
      () => [loss, output, perExample, ...grad(loss, parameters)],
      [],
    );
    const gradient = new Float32Array(this.size);
    const [value, outputs, each] = await f.run(new Map(), [
      undefined,
      undefined,
      undefined,
      ...viewsOf(gradient, this.shapes),
    ]);
    return { loss: value[0], outputs, perExample: each, gradient };
  }
}
