// A residual block: x + block(x), or shortcut(x) + block(x) where the block changes the shape. Names: block.0.…, shortcut.0.….
import { sameShape, type Node } from "../../graph/node";
import { add } from "../../graph/ops";
import type { LayerSpec, ResidualOptions } from "../../protocol/experiment";
import { ref } from "../../protocol/fragment";
import { exampleShape, type Scope } from "../scope";
import { defineLayer, type Layer } from "./layer";

/** `stack` builds a list of layers; given by the registry, which this file is a part of. */
export const residual = (
  stack: (x: Node, layers: readonly LayerSpec[], scope: Scope, key: string) => Node,
): Layer<ResidualOptions> =>
  defineLayer<ResidualOptions>(
    {
      about: "x + layers(x): a list of layers, or { layers, shortcut }.",
      options: {
        anyOf: [
          ref("layers"),
          {
            type: "object",
            required: ["layers"],
            additionalProperties: false,
            properties: {
              layers: ref("layers"),
              shortcut: ref("layers", { description: "Layers past the block, where it changes the shape." }),
            },
          },
        ],
      },
    },
    (x, options, scope) => {
      const { layers, shortcut } = isList(options) ? { layers: options, shortcut: undefined } : options;
      const through = stack(x, layers, scope.child("block"), `${scope.key}.residual.layers`);
      const past = shortcut
        ? stack(x, shortcut, scope.child("shortcut"), `${scope.key}.residual.shortcut`)
        : x;
      if (!sameShape(through.shape, past.shape))
        throw scope.error(
          `residual: the block gives ${exampleShape(through)} and its ${shortcut ? "shortcut" : "input"} has ${exampleShape(past)}.`,
          'Give a "shortcut" of layers that makes the shapes equal, e.g. a conv2d with kernel 1.',
        );
      return add(past, through);
    },
  );

const isList = (options: ResidualOptions): options is readonly LayerSpec[] => Array.isArray(options);
