// What every surface shows beside a metric's number.

export interface MetricInfo {
  readonly name: string;
  readonly label: string;
  readonly unit: string;
  /** One line a researcher can check: the formula, or what the number is. */
  readonly about: string;
  /** Paper and section. */
  readonly source?: string;
}
