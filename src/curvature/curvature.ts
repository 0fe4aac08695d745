// Hessian, Gauss–Newton and noise operators of one network on one set of examples, compiled once and moved from θ to θ.
import type { Engine } from "../engines/engine";
import { grad, hvp, jvp, vjp } from "../graph/differentiate";
import type { Node } from "../graph/node";
import { mul, reshape, sumLast } from "../graph/ops";
import { totalSize, viewsOf } from "./flat";
import { gramFunction, kernelBlocks, type OutputSignals } from "./gram";
import type { Network } from "./network";
import type { LinearOperator } from "./operator";
import { StagedFunction } from "./stagedFunction";

/** Counts products so that every reading can state its cost; checked before each product, so work can be stopped. */
export interface Meter {
  products: number;
  /** Throws to abandon the reading (the run was asked to stop). */
  check(): void;
}

type Built = Promise<StagedFunction>;

export class Curvature {
  readonly size: number;
  private readonly shapes: readonly (readonly number[])[];
  private readonly fixedNodes: readonly Node[];
  private readonly v: readonly Node[];
  private point: readonly Float32Array[] = [];
  private readonly functions = new Map<string, Built>();
  private gramPromise: ReturnType<typeof gramFunction> | null = null;
  private kernel: Float32Array | null = null;

  /** @param x examples [n, D]; @param y targets [n, K] */
  constructor(
    private readonly engine: Engine,
    readonly network: Network,
    private readonly x: Float32Array,
    private readonly y: Float32Array,
    readonly meter: Meter = { products: 0, check: () => undefined },
  ) {
    this.shapes = network.parameters.map((node) => node.shape);
    this.size = totalSize(this.shapes);
    this.fixedNodes = [network.x, network.y, ...network.parameters];
    this.v = network.parameters.map((node, i) => network.graph.input(`v${i}`, node.shape));
  }

  /** Moves to θ [P]. The vector is read lazily: call again after it changed. */
  setPoint(theta: Float32Array): void {
    this.point = [this.x, this.y, ...viewsOf(theta, this.shapes)];
    this.kernel = null;
    for (const built of this.functions.values()) void built.then((f) => f.setPoint(this.point));
  }

  private function(name: string, outputs: () => readonly Node[], dynamic: readonly Node[]): Built {
    let built = this.functions.get(name);
    if (!built) {
      built = StagedFunction.compile(this.engine, outputs(), this.fixedNodes, dynamic).then((f) => {
        f.setPoint(this.point);
        return f;
      });
      this.functions.set(name, built);
    }
    return built;
  }

  private views(flat: Float32Array): Map<Node, Float32Array> {
    const views = viewsOf(flat, this.shapes);
    return new Map(this.v.map((node, i) => [node, views[i]]));
  }

  private operator(name: string, outputs: () => readonly Node[]): LinearOperator {
    return {
      size: this.size,
      apply: async (v, out) => {
        this.meter.check();
        const f = await this.function(name, outputs, this.v);
        await f.run(this.views(v), viewsOf(out, this.shapes));
        this.meter.products++;
      },
    };
  }

  /** H v, H = ∇²L. One product costs about one gradient. */
  hessian(): LinearOperator {
    const { loss, parameters } = this.network;
    return this.operator("hessian", () => hvp(loss, parameters, this.v));
  }

  /** c = Gᵀv as [n, K]: cᵢ = SᵢᵀJᵢv. */
  private pulled(): Node {
    const { output, parameters, graph, factor } = this.network;
    const [jv] = jvp([output], parameters, this.v);
    const u = graph.input("factor.u", output.shape);
    return vjp([factor(u)], [jv], [u])[0];
  }

  /** (1/n) G c for c [n, K]: (1/n) Σ Jᵢᵀ Sᵢ cᵢ, one node per parameter. */
  private pushed(c: Node): Node[] {
    const { output, parameters, factor, n } = this.network;
    return vjp([output], [mul(factor(c), 1 / n)], parameters);
  }

  /** Gauss–Newton product (1/n) Σ GᵢGᵢᵀ v. */
  gaussNewton(): LinearOperator {
    return this.operator("gaussNewton", () => this.pushed(this.pulled()));
  }

  /**
   * Σ v = (1/n) Σ Gᵢ (GᵢᵀGᵢ)(Gᵢᵀv) − H(Hv) with H = (1/n) Σ GᵢGᵢᵀ: the price of two Gauss–Newton products whatever n is.
   * @source theory.md, section 1. The kernel blocks GᵢᵀGᵢ are computed once per θ.
   */
  noiseMatrix(): LinearOperator {
    const { graph, n, K } = this.network;
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
        const f = await this.function("noise", outputs, [...this.v, kernelNode]);
        const dynamic = this.views(v).set(kernelNode, await this.kernelBlocks());
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
    const f = await this.function("factorCoordinates", () => [this.pulled()], this.v);
    const [c] = await f.run(this.views(v));
    this.meter.products++;
    return c;
  }

  /** (1/n) G c, [P], from c [nK]: the transpose of `factorCoordinates` over n. Costs about half a product. */
  async pushFactors(c: Float32Array, out: Float32Array): Promise<void> {
    this.meter.check();
    const { graph, n, K } = this.network;
    const cNode = graph.input("data.c", [n, K]);
    const f = await this.function("pushed", () => this.pushed(cNode), [cNode]);
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

  /** Back-propagated signals of the columns of S at every layer; the raw material of Gram matrices. */
  private async signals(): Promise<OutputSignals> {
    const { graph, output, factor, taps, n, K } = this.network;
    const u = graph.input("signal.u", [n, K]);
    const f = await this.function(
      "signals",
      () =>
        vjp(
          [output],
          [factor(u)],
          taps.map((tap) => tap.output),
        ),
      [u],
    );
    const widths = taps.map((tap) => tap.output.shape[1]);
    const deltas = widths.map((width) => new Float32Array(n * K * width));
    const seed = new Float32Array(n * K);
    for (let k = 0; k < K; k++) {
      this.meter.check();
      for (let i = 0; i < n; i++) for (let j = 0; j < K; j++) seed[i * K + j] = j === k ? 1 : 0;
      const rows = await f.run(new Map([[u, seed]]));
      rows.forEach((values, l) => {
        const width = widths[l];
        for (let i = 0; i < n; i++)
          deltas[l].set(values.subarray(i * width, (i + 1) * width), (i * K + k) * width);
      });
    }
    const inputs = await this.function("activations", () => taps.map((tap) => tap.input), []).then((g) =>
      g.run(new Map()),
    );
    return { deltas, inputs, widths };
  }

  /** Kernel blocks GᵢᵀGᵢ, [n, K, K]. */
  private async kernelBlocks(): Promise<Float32Array> {
    this.kernel ??= kernelBlocks(await this.signals(), this.network);
    return this.kernel;
  }

  /** Gram matrix GᵀG, [nK, nK], index (i, k) ↦ iK + k. Memory 4(nK)² bytes. @source theory.md, section 2. */
  async gram(): Promise<Float32Array> {
    const signals = await this.signals();
    this.gramPromise ??= gramFunction(this.engine, this.network);
    const f = await this.gramPromise;
    const [gram] = await f.run([...signals.inputs, ...signals.deltas]);
    return gram;
  }

  /** Loss, outputs [n, K], per-example losses [n] and gradient [P] at θ. */
  async evaluate(): Promise<{
    loss: number;
    outputs: Float32Array;
    perExample: Float32Array;
    gradient: Float32Array;
  }> {
    const { loss, output, perExample, parameters } = this.network;
    const f = await this.function(
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
