// What an experiment may write about each probe.
import type { SchemaNode } from "../protocol/experimentSchema";
import { ref } from "../protocol/fragment";

export const probeFragments: Readonly<Record<string, SchemaNode>> = {
  sharpness: {
    type: "object",
    additionalProperties: false,
    markdownDescription:
      "Top eigenvalues of the Hessian of the training loss, with an error bar. Sharpness is λmax(H), in loss/θ².",
    properties: {
      every: ref("every", { default: 10 }),
      top: {
        type: "integer",
        minimum: 1,
        maximum: 100,
        default: 2,
        description: "How many eigenvalues, largest first.",
      },
      tolerance: ref("tolerance", {
        default: 0.001,
        description: "Relative accuracy: stop when ‖Hv − λv‖ ≤ tolerance·λ.",
      }),
    },
  },
  noise: {
    type: "object",
    additionalProperties: false,
    markdownDescription:
      "Non-uniformity λmax(Σ)^½ of the per-example Hessians (Gauss–Newton parts) and the mean-square stability limit.",
    properties: {
      every: ref("every", { default: 100 }),
      rank: {
        anyOf: [{ type: "integer", minimum: 1, maximum: 100000 }, { const: "all" }],
        default: 64,
        description: 'Directions kept for the mean-square limit; "all" is exact. Fewer give an upper bound.',
      },
      tolerance: ref("tolerance", { default: 0.01, description: "Relative accuracy of λmax(Σ)." }),
    },
  },
  generalization: {
    type: "object",
    additionalProperties: false,
    description: "Loss and accuracy on the test set, and the gaps to training; needs test data.",
    properties: { every: ref("every", { default: 100 }) },
  },
  gradientNoise: {
    type: "object",
    additionalProperties: false,
    markdownDescription:
      "Trace of the gradient covariance, simple noise scale tr Cov/‖∇L‖², and batch sharpness E[gᵀH_B g/‖g‖²].",
    properties: { every: ref("every", { default: 100 }) },
  },
  smoothness: {
    type: "object",
    additionalProperties: false,
    markdownDescription:
      "How strongly the outputs react to the inputs, ((1/n) Σ ‖∇ₓf(xᵢ)‖²)^½, and the bound that flatness puts on it.",
    properties: { every: ref("every", { default: 100 }) },
  },
  spectrum: {
    type: "object",
    additionalProperties: false,
    markdownDescription:
      "Density of all eigenvalues by stochastic Lanczos quadrature, of the Hessian or of its Gauss–Newton part; traces and Frobenius norm with error bars.",
    properties: {
      every: ref("every", { default: 1000 }),
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
  layers: {
    type: "object",
    additionalProperties: false,
    description:
      "Sharpness of each layer by itself: the largest eigenvalue of its diagonal block of the Hessian.",
    properties: { every: ref("every", { default: 100 }), tolerance: ref("tolerance", { default: 0.01 }) },
  },
  manifold: {
    type: "object",
    additionalProperties: false,
    markdownDescription:
      "Motion along the manifold of minima: displacement in the sharp subspace (oscillation) and outside it (drift), how the eigenvectors turn, and the gradient of sharpness.",
    properties: {
      every: ref("every", { default: 50 }),
      top: {
        type: "integer",
        minimum: 1,
        maximum: 100,
        default: 2,
        description: "Eigenvectors that span the sharp subspace.",
      },
    },
  },
};
