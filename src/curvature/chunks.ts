// The examples in chunks that fit into memory: one compiled network a size, and at a point one set of staged values a chunk.
import type { Engine } from "../engines/engine";
import type { Node } from "../graph/node";
import { axpy } from "../util/linalg/vector";
import { CompiledNetwork } from "./compiledNetwork";
import type { Meter } from "./meter";
import type { Network } from "./network";
import { stagedFunctions, type StagedPoint } from "./stagedFunction";

/** How the examples are split; without it they are one chunk. */
export interface Chunking {
  /** Examples per chunk; the last one may be smaller. */
  readonly size: number;
  /** For how many functions what is staged at a point is kept for every chunk; the others compute it anew. With 0 nothing is staged. */
  readonly keep: number;
  /** Whether the windows of images are staged too, see `hoisted`. */
  readonly windows: boolean;
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

type Feed = ReadonlyMap<Node, Float32Array>;
type Feeds = (chunk: Chunk) => Feed | Promise<Feed>;
/** Asks before every chunk whether to go on: one of many examples takes long enough. */
export const asking =
  (meter: Pick<Meter, "check">, feeds: (chunk: Chunk) => Feed): Feeds =>
  (chunk) => {
    const pause = meter.check();
    return pause ? pause.then(() => feeds(chunk)) : feeds(chunk);
  };

type Outputs = (compiled: CompiledNetwork) => readonly Node[];

/** A network split over its examples; `at` gives it at a θ. */
export class Chunks {
  private readonly plans: readonly ChunkPlan[];
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
    const { keep = stagedFunctions, windows = false } = chunking ?? {};
    const bySize = new Map<number, CompiledNetwork>();
    const compiledFor = (count: number): CompiledNetwork => {
      let compiled = bySize.get(count);
      if (!compiled)
        bySize.set(
          count,
          (compiled = new CompiledNetwork(engine, count === n ? network : build(count), { keep, windows })),
        );
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
      return { ...plan, point: plan.compiled.point([...own, ...rest]) };
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

  /** The arrays that it was made of have changed. */
  renew(): void {
    for (const { point } of this.list) point.renew();
  }

  /** Runs on every chunk in turn; `take` gets its outputs. */
  async forEach(
    name: string,
    outputs: Outputs,
    feeds: Feeds,
    take: (results: readonly Float32Array[], chunk: Chunk) => void,
  ): Promise<void> {
    for (const chunk of this.list) take(await runOn(chunk, { name, outputs, feeds }), chunk);
  }

  /** Means over the examples: outputs are means over a chunk's examples. */
  mean(name: string, outputs: Outputs, feeds: Feeds, into: readonly Float32Array[]): Promise<void> {
    const asked = { name, outputs, feeds };
    return this.average((chunk, own) => runOn(chunk, asked, own), into);
  }

  /** Means over the examples of what is computed of each chunk, which adds up weighted by its share. A single chunk's is written to `own`. */
  async average(
    of: (chunk: Chunk, own?: readonly Float32Array[]) => Promise<readonly Float32Array[]>,
    into: readonly Float32Array[],
  ): Promise<void> {
    const { n } = this.network;
    if (this.list.length === 1) {
      await of(this.list[0], into);
      return;
    }
    into.forEach((out) => out.fill(0));
    for (const chunk of this.list) (await of(chunk)).forEach((part, j) => axpy(chunk.n / n, part, into[j]));
  }
}

interface Asked {
  readonly name: string;
  readonly outputs: Outputs;
  readonly feeds: Feeds;
}

/** Promises only where something is to be waited for: of a small net's product they are a large part. */
async function runOn(
  chunk: Chunk,
  { name, outputs, feeds }: Asked,
  into?: readonly Float32Array[],
): Promise<readonly Float32Array[]> {
  const { compiled, point } = chunk;
  const fed = feeds(chunk);
  const dynamic = fed instanceof Promise ? await fed : fed;
  const f =
    compiled.ready(name) ?? (await compiled.function(name, () => outputs(compiled), [...dynamic.keys()]));
  return f.run(point, dynamic, into);
}
