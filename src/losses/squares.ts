// Square losses: mse as torch.nn.MSELoss averages it, squared-error as the theory papers write it.
import type { Node } from "../graph/node";
import { mul, sub, sumLast } from "../graph/ops";
import type { Loss } from "./loss";

const squares = (f: Node, y: Node): Node => sumLast(mul(sub(f, y), sub(f, y)));

/** ℓ = (1/K) ‖f − y‖², M = (2/K) I. */
export const mse: Loss = {
  kind: "mse",
  spec: { about: "(1/(nK)) Σ ‖f−y‖², as torch.nn.MSELoss." },
  squareScale: (K) => 2 / K,
  perExample: (f, y) => mul(squares(f, y), 1 / f.shape[1]),
  factor: (f, _y, u) => mul(u, Math.sqrt(2 / f.shape[1])),
};

/** ℓ = ½ ‖f − y‖², M = I. */
export const squaredError: Loss = {
  kind: "squared-error",
  spec: {
    about: "(1/(2n)) Σ ‖f−y‖², as in the theory papers; its Hessian is K/2 times that of mse.",
  },
  squareScale: () => 1,
  perExample: (f, y) => mul(squares(f, y), 0.5),
  factor: (_f, _y, u) => u,
};
