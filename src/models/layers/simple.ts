// Layers without parameters: flatten, reductions of a sequence, dropout.
import { sizeOf } from "../../graph/node";
import { mul, reshape, slice, sum } from "../../graph/ops";
import type { DropoutOptions } from "../../protocol/experiment";
import { ref } from "../../protocol/fragment";
import { exampleShape } from "../scope";
import { defineLayer } from "./layer";

/** [n, …] → [n, product]. */
export const flatten = defineLayer<null>(
  { about: "torch.nn.Flatten: one vector per example.", bare: true },
  (x) => reshape(x, [x.shape[0], sizeOf(x.shape) / x.shape[0]]),
);

const sequence = (what: string, about: string) =>
  defineLayer<null>({ about, bare: true }, (x, _options, scope) => {
    if (x.shape.length !== 3)
      throw scope.error(
        `${what} wants sequences [length, width]; its input has shape ${exampleShape(x)}.`,
        "Put it after embedding and selfAttention.",
      );
    const [n, length, width] = x.shape;
    return what === "meanPool"
      ? reshape(mul(sum(x, [1]), 1 / length), [n, width])
      : reshape(slice(x, 1, length - 1, 1), [n, width]);
  });

/** The mean over the positions of a sequence, [n, T, width] → [n, width]. */
export const meanPool = sequence("meanPool", "The mean over the positions of a sequence.");
/** The last position of a sequence: what a causal decoder predicts the next token from. */
export const lastPosition = sequence("lastPosition", "The last position of a sequence.");

/**
 * torch.nn.Dropout: while training each entry is zeroed with probability `rate` and the rest divided by 1 − rate. Off while
 * probing: the curvature and the limits are those of the deterministic network.
 */
export const dropout = defineLayer<DropoutOptions>(
  { about: "torch.nn.Dropout: the share of entries set to zero while training.", options: ref("dropout") },
  (x, rate, scope) => {
    const { build } = scope;
    if (build.mode === "probe" || rate === 0) return x;
    const node = build.graph.input(`dropout#${build.masks.length}`, x.shape);
    build.masks.push({ node, rate });
    return mul(x, node);
  },
);
