// The linear dynamics of an optimizer near a minimum: what every stability threshold takes.

/**
 * An optimizer near a minimum, as linear stability sees it: θ ← (1 − ηw)θ + v, v ← βv − γη (H + cI) y, with y = θ, or
 * y = θ + βv for Nesterov. A preconditioned optimizer has this form in the coordinates P^{1/2}θ, its P frozen.
 */
export interface Dynamics {
  /** β of heavy ball or Nesterov. Default 0. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** γ: effective over configured learning rate; 1 − β₁ where the momentum is a running mean, as Adam's. Default 1. */
  readonly gain?: number;
  /** c: weight decay that enters the gradient. Default 0. */
  readonly weightDecay?: number;
  /** w: weight decay apart from the gradient. Default 0. */
  readonly decoupledDecay?: number;
  /**
   * r of sharpness-aware minimization: the gradient is taken r up the slope, where a curvature λ acts as λ(1 + rλ/‖∇L‖). NaN where it
   * is not that of all examples which says where up is: no threshold is known. Default 0: plain steps.
   */
  readonly radius?: number;
  /** ‖∇L‖ at the point in question; without it the thresholds of steps with a radius are NaN. */
  readonly gradNorm?: number;
}
