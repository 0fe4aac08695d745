// What an optimizer is: state beside θ and an in-place update of both.

export interface Optimizer<Spec> {
  readonly kind: string;
  /** Names of the state vectors, each as long as θ; they start at zero. */
  slots(spec: Spec): readonly string[];
  /** Updates θ and the state in place. `step` counts from 0. All vectors [d]. */
  update(
    spec: Spec,
    theta: Float32Array,
    gradient: Float32Array,
    state: readonly Float32Array[],
    step: number,
  ): void;
}
