// The float64 reference agrees with tfjs on every op, so that what is compared with it is compared with something.
import { describe, it } from "vitest";
import { evaluate } from "../../../src/engines/tensorflow/engine";
import { Graph } from "../../../src/graph/node";
import { ops } from "../../../src/graph/ops";
import { Rng } from "../../../src/util/rng";
import { evaluate64 } from "../../support/float64";
import { expectClose, tf, uniform } from "../../support/numeric";

describe.each(ops.map((op) => ({ op })))("$op.name", ({ op }) => {
  it.each(op.samples.map((sample, i) => ({ sample, i })))("sample $i", ({ sample, i }) => {
    const graph = new Graph();
    const inputs = sample.shapes.map((shape, k) => graph.input(`x${k}`, shape));
    const node = graph.make(op, inputs, sample.attrs ?? {});
    const feeds = inputs.map(({ shape }, k) => {
      const values = uniform(new Rng(10 * i + k, op.name), shape, sample.range);
      return sample.integers ? values.map(Math.round) : values;
    });
    const [theirs] = evaluate(
      tf,
      inputs,
      [node],
      feeds.map((values, k) => tf.tensor(values, [...inputs[k].shape])),
    );
    const [ours] = evaluate64(
      [node],
      new Map(inputs.map((input, k) => [input, Float64Array.from(feeds[k])])),
    );
    expectClose(ours, theirs.dataSync(), 2e-5, op.name);
  });
});
