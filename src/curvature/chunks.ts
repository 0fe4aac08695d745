// The examples in chunks that fit into memory: one compiled network a size, and at a point one set of staged values a chunk.
import type { Engine } from "../engines/engine";
import type { Node } from "../graph/node";
import { axpy } from "../util/linalg/vector";
import { CompiledNetwork } from "./compiledNetwork";
import type { Network } from "./network";
import { stagedFunctions, type StagedPoint } from "./stagedFunction";

/** How the examples are split; without it they are one chunk. */
export interface Chunking {
  /** Examples per chunk; the last one may be smaller. */
  readonly size: number;
  /** For how many functions what is staged at a point is kept for every chunk; the others compute it anew for every product. */
  readonly keep: number;
}

interface ChunkPlan {
  readonly compiled: CompiledNetwork;
  /** First example and number of examples. */
  readonly start: number;
  readonly n: number;
}

/** Some of the examples at one θ. */
export interface Chunk extends ChunkPlan {
  readonly point: StagedPoint;
}

type Feeds = (chunk: Chunk) => ReadonlyMap<Node, Float32Array>;
type Outputs = (compiled: CompiledNetwork) => readonly Node[];

/** A network split over its examples; `at` gives it at a θ. */
export class Chunks {
  private readonly plans: readonly ChunkPlan[];
  private readonly keep: number;

  /**
   * @param network  The network for all n examples; itself used where they are one chunk.
   * @param build    The same network for another number of examples.
   */
  constructor(
    engine: Engine,
    readonly network: Network,
    build: (n: number) => Network,
    chunking: Chunking | null,
  ) {
    const { n } = network;
    const size = Math.min(chunking?.size ?? n, n);
    this.keep = chunking?.keep ?? stagedFunctions;
    const bySize = new Map<number, CompiledNetwork>();
    const compiledFor = (count: number): CompiledNetwork => {
      let compiled = bySize.get(count);
      if (!compiled)
        bySize.set(count, (compiled = new CompiledNetwork(engine, count === n ? network : build(count))));
      return compiled;
    };
    this.plans = Array.from({ length: Math.ceil(n / size) }, (_, i) => {
      const start = i * size;
      const count = Math.min(size, n - start);
      return { compiled: compiledFor(count), start, n: count };
    });
  }

  /** Every chunk at one θ. `x` and `y` are those of all examples, `rest` parameters and buffers; none may change while it is in use. */
  at(x: Float32Array, y: Float32Array, rest: readonly Float32Array[]): ChunkPoints {
    const { n } = this.network;
    const [D, K] = [x.length / n, y.length / n];
    const list = this.plans.map((plan) => {
      const end = plan.start + plan.n;
      const own = [x.subarray(plan.start * D, end * D), y.subarray(plan.start * K, end * K)];
      return { ...plan, point: plan.compiled.point([...own, ...rest], this.keep) };
    });
    return new ChunkPoints(this.network, list);
  }
}

/** All examples at one θ, chunk by chunk. */
export class ChunkPoints {
  constructor(
    readonly network: Network,
    readonly list: readonly Chunk[],
  ) {}

  /** Frees what is compiled and what is staged. */
  async release(): Promise<void> {
    for (const { point } of this.list) point.forget();
    for (const compiled of new Set(this.list.map((chunk) => chunk.compiled))) await compiled.release();
  }

  /** Runs on every chunk in turn; `take` gets its outputs. */
  async forEach(
    name: string,
    outputs: Outputs,
    feeds: Feeds,
    take: (results: readonly Float32Array[], chunk: Chunk) => void,
  ): Promise<void> {
    for (const chunk of this.list) {
      const dynamic = feeds(chunk);
      const f = await chunk.compiled.function(name, () => outputs(chunk.compiled), [...dynamic.keys()]);
      take(await f.run(chunk.point, dynamic), chunk);
    }
  }

  /** Means over the examples: outputs are means over a chunk's examples, and add up weighted by its share. */
  async mean(name: string, outputs: Outputs, feeds: Feeds, into: readonly Float32Array[]): Promise<void> {
    const { n } = this.network;
    for (const [i, chunk] of this.list.entries()) {
      const dynamic = feeds(chunk);
      const f = await chunk.compiled.function(name, () => outputs(chunk.compiled), [...dynamic.keys()]);
      if (this.list.length === 1) {
        await f.run(chunk.point, dynamic, into);
        return;
      }
      const parts = await f.run(chunk.point, dynamic);
      parts.forEach((part, j) => {
        if (i === 0) into[j].fill(0);
        axpy(chunk.n / n, part, into[j]);
      });
    }
  }
}
