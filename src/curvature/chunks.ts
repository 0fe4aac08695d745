// The examples in chunks that fit into memory: one compiled network a size, one point a chunk.
import type { Engine } from "../engines/engine";
import type { Node } from "../graph/node";
import { axpy } from "../util/linalg/vector";
import type { Network } from "./network";
import { Side } from "./side";
import type { StagedPoint } from "./stagedFunction";

/** How the examples are split; without it they are one chunk. */
export interface Chunking {
  /** Examples per chunk; the last one may be smaller. */
  readonly size: number;
  /** Whether what is staged at a point is kept for every chunk, or computed anew for every product. */
  readonly keep: boolean;
}

export interface Chunk {
  readonly side: Side;
  /** First example and number of examples. */
  readonly start: number;
  readonly n: number;
  point: StagedPoint;
}

export class Chunks {
  readonly list: readonly Chunk[];
  private readonly keep: boolean;

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
    this.keep = chunking?.keep ?? true;
    const sides = new Map<number, Side>();
    const sideOf = (count: number): Side => {
      let side = sides.get(count);
      if (!side) sides.set(count, (side = new Side(engine, count === n ? network : build(count))));
      return side;
    };
    this.list = Array.from({ length: Math.ceil(n / size) }, (_, i) => {
      const start = i * size;
      const count = Math.min(size, n - start);
      const side = sideOf(count);
      return { side, start, n: count, point: side.point([], this.keep) };
    });
  }

  /** Moves every chunk. `x` and `y` are those of all examples, `rest` parameters and buffers. */
  setPoint(x: Float32Array, y: Float32Array, rest: readonly Float32Array[]): void {
    const { n } = this.network;
    const [D, K] = [x.length / n, y.length / n];
    for (const chunk of this.list) {
      const end = chunk.start + chunk.n;
      const own = [x.subarray(chunk.start * D, end * D), y.subarray(chunk.start * K, end * K)];
      chunk.point = chunk.side.point([...own, ...rest], this.keep);
    }
  }

  /** Runs on every chunk in turn; `take` gets its outputs. */
  async forEach(
    name: string,
    outputs: (side: Side) => readonly Node[],
    feeds: (chunk: Chunk) => ReadonlyMap<Node, Float32Array>,
    take: (results: readonly Float32Array[], chunk: Chunk) => void,
  ): Promise<void> {
    for (const chunk of this.list) {
      const dynamic = feeds(chunk);
      const f = await chunk.side.function(name, () => outputs(chunk.side), [...dynamic.keys()]);
      take(await f.run(chunk.point, dynamic), chunk);
    }
  }

  /** Means over the examples: outputs are means over a chunk's examples, and add up weighted by its share. */
  async mean(
    name: string,
    outputs: (side: Side) => readonly Node[],
    feeds: (chunk: Chunk) => ReadonlyMap<Node, Float32Array>,
    into: readonly Float32Array[],
  ): Promise<void> {
    const { n } = this.network;
    for (const [i, chunk] of this.list.entries()) {
      const dynamic = feeds(chunk);
      const f = await chunk.side.function(name, () => outputs(chunk.side), [...dynamic.keys()]);
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
