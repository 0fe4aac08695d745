// What follows from other readings and the settings: never packed into the log, derived by whoever reads it.
import type { RunEvent } from "../protocol/events";
import { meanLimit } from "../stability/thresholds";

type Dynamics = Extract<RunEvent, { kind: "header" }>["dynamics"];
type Values = Readonly<Record<string, number | readonly number[]>>;

/** What a mean limit is derived from: λmax(H), λmax(P^{-1/2}(H + cI)P^{-1/2}) where the optimizer is preconditioned, and ‖∇L‖ for SAM. */
interface Known {
  readonly sharpness: number;
  readonly preconditioned?: number;
  readonly gradNorm?: number;
}

/** Names that `derived` gives back: packed readings leave them out. */
export const derivable: ReadonlySet<string> = new Set([
  "eigenvalues",
  "eigenvalues.error",
  "stability.meanLimit",
  "stability.meanLimit.error",
  "stability.limit",
]);

/**
 * How the largest η of the full-batch condition follows from readings. A preconditioned reading holds the weight decay of the gradient already.
 * @source theory.md, section 3.
 */
function meanLimitFrom(dynamics: NonNullable<Dynamics>): (known: Known) => number {
  // Once, not for every reading: a run may write thousands of them a second.
  if (dynamics.preconditioned) {
    const undecayed = { ...dynamics, weightDecay: 0 };
    return ({ preconditioned }) => meanLimit(preconditioned ?? NaN, undecayed);
  }
  return dynamics.radius === undefined
    ? ({ sharpness }) => meanLimit(sharpness, dynamics)
    : ({ sharpness, gradNorm }) => meanLimit(sharpness, { ...dynamics, gradNorm });
}

/** The packed reading with what was left out of it: top eigenvalue, mean limit, and their error bars. */
export function derived(values: Values, dynamics: Dynamics): Values {
  const { sharpness } = values;
  if (typeof sharpness !== "number") return values;
  const error = values["sharpness.error"];
  return {
    ...values,
    ...(values.eigenvalues === undefined && { eigenvalues: [sharpness] }),
    ...(values["eigenvalues.error"] === undefined &&
      typeof error === "number" &&
      !isSeveral(values.eigenvalues) && { "eigenvalues.error": [error] }),
    ...(values["stability.meanLimit"] === undefined &&
      dynamics &&
      meanLimitValues(values, sharpness, dynamics)),
  };
}

/** Columns of one length by name; entry i of a list as "name.i". */
export type Columns = Readonly<Record<string, readonly number[]>>;

/** What `derived` does, for many readings of one kind at once: a run may write thousands of them a second. */
export function derivedColumns(columns: Columns, dynamics: Dynamics): Columns {
  const { sharpness, preconditionedSharpness: own, gradNorm } = columns;
  if (sharpness === undefined) return columns;
  const error = columns["sharpness.error"];
  const decisive = own ?? sharpness;
  const decisiveError = own === undefined ? error : columns["preconditionedSharpness.error"];
  const limitOf =
    columns["stability.meanLimit"] === undefined && dynamics ? meanLimitFrom(dynamics) : undefined;
  const limits =
    limitOf &&
    sharpness.map((value, i) =>
      limitOf({ sharpness: value, preconditioned: own?.[i], gradNorm: gradNorm?.[i] }),
    );
  return {
    ...columns,
    ...(columns["eigenvalues.0"] === undefined && { "eigenvalues.0": sharpness }),
    ...(columns["eigenvalues.error.0"] === undefined &&
      error !== undefined &&
      columns["eigenvalues.1"] === undefined && { "eigenvalues.error.0": error }),
    ...(limits && { "stability.meanLimit": limits }),
    ...(limits &&
      decisiveError !== undefined && {
        "stability.meanLimit.error": limits.map((limit, i) =>
          limitError(limit, decisiveError[i], decisive[i]),
        ),
      }),
  };
}

/** A limit is as good as the reading it is derived from: their relative errors are one. */
const limitError = (limit: number, error: number, reading: number): number =>
  Math.abs((limit * error) / reading);

/** Lists of more than one entry are never left out. */
export const isSeveral = (value: number | readonly number[] | undefined): boolean =>
  typeof value === "object" && value.length > 1;

function meanLimitValues(values: Values, sharpness: number, dynamics: NonNullable<Dynamics>): Values {
  const number = (name: string): number | undefined => {
    const value = values[name];
    return typeof value === "number" ? value : undefined;
  };
  const own = number("preconditionedSharpness");
  const limit = meanLimitFrom(dynamics)({ sharpness, preconditioned: own, gradNorm: number("gradNorm") });
  const [decisive, error] =
    own === undefined
      ? [sharpness, values["sharpness.error"]]
      : [own, values["preconditionedSharpness.error"]];
  return {
    "stability.meanLimit": limit,
    ...(typeof error === "number" && { "stability.meanLimit.error": limitError(limit, error, decisive) }),
  };
}
