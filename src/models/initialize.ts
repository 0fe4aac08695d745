// Starting values of parameters: PyTorch's defaults, and the schemes of the literature.
import type { Initialization } from "../protocol/experiment";
import { sizeOf } from "../graph/node";
import type { Rng } from "../util/rng";
import type { ParameterInfo } from "./model";

/** How one parameter starts. `fan` set: a weight or bias that a scheme other than PyTorch's may start differently. */
interface DrawnInit {
  /** PyTorch's default: uniform in ±scale, normal with deviation `scale`, or the constant `scale`. */
  readonly kind: "uniform" | "normal" | "constant";
  readonly scale: number;
  readonly fan?: {
    readonly role: "weight" | "bias";
    /** Inputs one output sums over, outputs one input reaches. */
    readonly in: number;
    readonly out: number;
    /** Whether this is the network's last layer. */
    readonly last?: boolean;
  };
}

/** Drawn from the seed, or given with the model. */
export type Init =
  DrawnInit | { readonly kind: "values"; readonly values: Float32Array; readonly fan?: undefined };

/** Weight and bias of linear and convolution layers: uniform in ±1/√fanIn. @source torch.nn.Linear.reset_parameters. */
export const linearInit = (role: "weight" | "bias", fanIn: number, fanOut: number): Init => ({
  kind: "uniform",
  scale: 1 / Math.sqrt(fanIn),
  fan: { role, in: fanIn, out: fanOut },
});

export const constantInit = (scale: number): Init => ({ kind: "constant", scale });

/** What a scheme makes of a weight; its biases start at zero. */
const schemes: Readonly<
  Record<Exclude<Initialization, "pytorch">, (fan: NonNullable<DrawnInit["fan"]>) => Init>
> = {
  /** He et al., ICCV 2015: variance 2/fanIn, for ReLU. */
  he: (fan) => ({ kind: "normal", scale: Math.sqrt(2 / fan.in) }),
  /** LeCun et al., Efficient BackProp, 1998: variance 1/fanIn. */
  lecun: (fan) => ({ kind: "normal", scale: Math.sqrt(1 / fan.in) }),
  /** Glorot & Bengio, AISTATS 2010: uniform with variance 2/(fanIn + fanOut). */
  xavier: (fan) => ({ kind: "uniform", scale: Math.sqrt(6 / (fan.in + fan.out)) }),
  /**
   * Yang & Hu, Tensor Programs IV, ICML 2021: variance 1/fanIn inside and 1/fanIn² at the output. Only the initialization:
   * the per-layer learning rates of muP are not applied.
   */
  mup: (fan) => ({ kind: "normal", scale: fan.last ? 1 / fan.in : Math.sqrt(1 / fan.in) }),
};

/** Starting values of every parameter, in order; the same seed gives the same values. */
export function initialize(
  parameters: readonly ParameterInfo[],
  rng: Rng,
  scheme: Initialization = "pytorch",
): Float32Array[] {
  return parameters.map(({ shape, init }) => {
    const drawn = schemed(init, scheme);
    if (drawn.kind === "values") return drawn.values.slice();
    const { kind, scale } = drawn;
    return Float32Array.from({ length: sizeOf(shape) }, () =>
      kind === "constant"
        ? scale
        : kind === "normal"
          ? scale * rng.normal()
          : (2 * rng.uniform() - 1) * scale,
    );
  });
}

function schemed(init: Init, scheme: Initialization): Init {
  if (scheme === "pytorch" || !init.fan) return init;
  return init.fan.role === "bias" ? constantInit(0) : schemes[scheme](init.fan);
}
