// Spectrum: the density of all eigenvalues of the Hessian, of its Gauss–Newton part, or of both, with trace and Frobenius norm as moments.
import type { LinearOperator } from "../../curvature/operator";
import { spectralDensity } from "../../curvature/spectrum";
import { meanOf, traceAndNorm } from "../../curvature/trace";
import type { ProbesSpec } from "../../protocol/experiment";
import type { Rng } from "../../util/rng";
import { momentErrors } from "../evaluation";
import { Readings, type Probe, type Task, type Way } from "../probe";
import { traceError } from "../sampling";

type Settings = NonNullable<ProbesSpec["spectrum"]>;
const defaults = { of: "hessian", steps: 30, starts: 4, top: 2 } as const;
/** Multiplications that exact trace and Frobenius norm may cost: a product per parameter. */
const exactWork = 5e10;

async function density(op: LinearOperator, rng: Rng, { steps, starts }: Pick<Settings, "steps" | "starts">) {
  const { values, weights, moments } = await spectralDensity(op, { rng, steps, starts });
  const [trace, square] = (["first", "second"] as const).map((moment) =>
    meanOf(moments.map((own) => own[moment] * op.size)),
  );
  return { values, weights, trace, square };
}

type Density = Awaited<ReturnType<typeof density>>;

/** Nodes, weights and moments of the Hessian's density. */
function addHessian(
  { values, weights, trace, square }: Density,
  starts: number,
  sampling: number,
  read: Readings,
): void {
  const way = { how: "estimate", method: `stochastic Lanczos quadrature, ${starts} random starts` } as const;
  const norm = Math.sqrt(square.value);
  read.add("spectrum.values", values, way);
  read.add("spectrum.weights", weights, way);
  read.add("trace", trace.value, { ...way, error: trace.error, sampling });
  // d√x = dx / (2√x)
  read.add("frobenius", norm, { ...way, error: norm > 0 ? square.error / (2 * norm) : square.error });
}

/** The same of the Gauss–Newton matrix, with its largest eigenvalues. */
async function addGaussNewton(
  { point, memory, budget }: Task,
  settings: Settings,
  read: Readings,
): Promise<void> {
  const part = await density(point.gaussNewton!(), memory.rng, settings);
  const tracker = memory.tracker("gaussNewton", {
    size: point.size,
    top: settings.top,
    tolerance: 1e-3,
    demand: "vectors",
  });
  const largest = await tracker.measure(point.gaussNewton!(), budget.over);
  read.lap();
  const way: Way = {
    how: "estimate",
    method: `stochastic Lanczos quadrature, ${settings.starts} random starts`,
  };
  read.add("spectrum.gaussNewton.values", part.values, way);
  read.add("spectrum.gaussNewton.weights", part.weights, way);
  read.add("gaussNewtonTrace", part.trace.value, { ...way, error: part.trace.error });
  read.add("gaussNewtonEigenvalues", largest.values, {
    how: "estimate",
    method: "Lanczos on the Gauss–Newton matrix",
    error: largest.errors,
  });
}

/** Trace and Frobenius norm alone, exactly where that is affordable. */
async function addMoments({ point, memory, budget }: Task, read: Readings): Promise<void> {
  const { size, examples } = point;
  const affordable = size * size * examples <= exactWork;
  // Every unit vector is multiplied where that is quick, whatever the time; more only where there is no limit to it.
  const exact = affordable && (budget.secondsLeft() === Infinity || size <= 256);
  const momentsOf = (op: LinearOperator) => traceAndNorm(op, memory.rng, { exact });
  const { trace, frobenius } = await momentsOf(point.hessian());
  // A sum over random vectors is off by far more than rounding.
  const rounding = exact
    ? await momentErrors(point, valuesOf({ trace, frobenius }), async (op) => valuesOf(await momentsOf(op)))
    : { trace: 0, frobenius: 0 };
  const sampling = await traceError(point, memory.rng);
  read.lap();
  const way: Way = exact
    ? { how: "exact", method: "a Hessian product per parameter" }
    : { how: "estimate", method: "Hutchinson's estimate with random signs" };
  read.add("trace", trace.value, { ...way, error: trace.error + rounding.trace, sampling });
  read.add("frobenius", frobenius.value, { ...way, error: frobenius.error + rounding.frobenius });
}

const valuesOf = ({ trace, frobenius }: Awaited<ReturnType<typeof traceAndNorm>>) => ({
  trace: trace.value,
  frobenius: frobenius.value,
});

export const spectrum: Probe = {
  id: "spectrum",
  label: "Spectral density",
  cost: "steps × starts products with each matrix; for the Gauss–Newton matrix those of a sharpness reading besides",
  spec: {
    markdownDescription:
      "Density of all eigenvalues by stochastic Lanczos quadrature, of the Hessian or of its Gauss–Newton part; traces and Frobenius norm with error bars.",
    properties: {
      every: { $ref: "#/definitions/every", default: 1000 },
      of: {
        enum: ["hessian", "gaussNewton", "both"],
        enumDescriptions: [
          "H = ∇²L.",
          "(1/n) Σ GᵢGᵢᵀ, what is left of H where the training examples are interpolated; with its largest eigenvalues.",
          "Both, at twice the cost: where they differ, the examples are not yet fitted.",
        ],
        default: "hessian",
        description: "Which matrix's spectrum.",
      },
      steps: {
        type: "integer",
        minimum: 2,
        maximum: 1000,
        default: 30,
        description: "Lanczos steps per random start.",
      },
      starts: {
        type: "integer",
        minimum: 1,
        maximum: 1000,
        default: 4,
        description: "Random starts; the error falls with their square root.",
      },
      top: {
        type: "integer",
        minimum: 1,
        maximum: 100,
        default: 2,
        description:
          "How many of the Gauss–Newton matrix's eigenvalues, largest first; the Hessian's come with the sharpness probe.",
      },
    },
  },
  needs: [],
  metrics: [],
  async measure(task) {
    const { point, probes, effort, memory } = task;
    const read = new Readings(point);
    if (effort === "closing") {
      await addMoments(task, read);
      return { readings: read.list };
    }
    const settings = probes.spectrum ?? { every: 1, ...defaults };
    if (settings.of !== "gaussNewton") {
      const own = await density(point.hessian(), memory.rng, settings);
      const sampling = await traceError(point, memory.rng);
      read.lap();
      addHessian(own, settings.starts, sampling, read);
    }
    if (settings.of === "hessian") return { readings: read.list };
    if (point.gaussNewton === undefined)
      return {
        readings: read.list,
        leftOut: ["the Gauss–Newton spectrum: the trainer has no such products"],
      };
    await addGaussNewton(task, settings, read);
    return { readings: read.list };
  },
};
