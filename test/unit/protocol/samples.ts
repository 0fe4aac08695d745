// Experiment texts that the checker's tests start from.
import { checkExperiment, type CheckOptions } from "../../../src/protocol/checkExperiment";
import type { Problem } from "../../../src/protocol/errors";

export const file = "/home/me/space/a.basin.json";

/** The contract's example without what it leaves to the sweep. */
export const fashion = `{
  "name": "fashion-fnn",
  "seed": 0,
  "data": {
    "source": "idx", // comments are allowed
    "train": { "images": "data/train.gz", "labels": "data/labels.gz", "take": 1000 },
    "test":  { "images": "data/t10k.gz", "labels": "data/t10kl.gz", "take": 1000 },
    "scale": "unit"
  },
  "model": { "kind": "mlp", "hidden": [500, 500, 500], "activation": "relu", "weights": "start.safetensors" },
  "loss": "mse",
  "optimizer": { "kind": "sgd", "learningRate": 0.5, "batchSize": "full", "momentum": 0, "nesterov": false },
  "stop": { "steps": 6000, "trainLoss": 1e-4, "minutes": 30 },
  "probes": {
    "sharpness": { "every": 10, "top": 2, "tolerance": 1e-3 },
    "noise": { "every": 100 },
    "generalization": { "every": 100 }
  },
  "checkpoints": { "every": 500 },
  "engine": "auto",
  "launch": { "on": "local", "concurrency": 2 },
}`;

/** The least an experiment must say. */
export const least = `{
  "data": { "source": "chebyshev" },
  "model": { "hidden": [10] },
  "optimizer": { "learningRate": 0.1 }
}`;

export const problemsOf = (text: string, options?: CheckOptions): readonly Problem[] =>
  checkExperiment(text, file, options).problems;

/** The text a problem's place covers. */
export const covered = (text: string, { place }: Problem): string =>
  text.slice(place.offset, (place.offset ?? 0) + (place.length ?? 0));
