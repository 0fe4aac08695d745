// How far the run is: bar, step, speed, time left.
import { h, setText } from "../dom";
import { count, duration } from "../format";
import { ago } from "../../src/util/ago";
import { progressOf } from "../store/progress";
import type { RunModel } from "../store/runModel";

export class ProgressBar {
  private readonly fill = h("div", { class: "fill" });
  private readonly bar = h(
    "div",
    {
      class: "bar",
      role: "progressbar",
      "aria-label": "Training progress",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    },
    this.fill,
  );
  private readonly text = h("div", { class: "progress-text" });
  readonly element = h("div", { class: "progress" }, this.bar, this.text);

  /** @param options  `brief`: without what the run is made of. */
  constructor(private readonly options: { readonly brief?: boolean } = {}) {}

  update(run: RunModel): void {
    const { step, steps, fraction, stepsPerSecond, secondsLeft } = progressOf(run);
    const running = run.status === "running";
    const share = fraction ?? 0;
    this.element.dataset.status = run.status;
    this.fill.style.width = `${100 * share}%`;
    this.bar.dataset.running = String(running);
    if (this.options.brief) this.bar.hidden = !running;
    this.bar.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    const { closing } = run.series;
    const parts = [
      `step ${count(step)}${steps === undefined ? "" : ` of ${count(steps)}`}`,
      `${duration(run.series.time)} of training`,
      ...(stepsPerSecond === undefined ? [] : [`${count(stepsPerSecond)} steps/s`]),
      ...(running && (closing || share >= 1) ? [closingWords(closing)] : []),
      ...(running ? [] : startedWords(run.info.created)),
      ...(running && !closing && share < 1 && secondsLeft !== undefined
        ? [`about ${duration(secondsLeft)} left`]
        : []),
      ...(run.series.header && !this.options.brief
        ? [
            `${count(run.series.header.parameters)} parameters`,
            `${count(run.series.header.examples)} examples`,
          ]
        : []),
    ];
    // A line breaks between the parts, never within one.
    setText(this.text, parts.map((part) => part.replaceAll(" ", "\u00a0")).join(" · "));
  }
}

/** Nothing where run.json does not say when. */
const startedWords = (created: string): string[] => {
  const words = ago(created, Date.now());
  return words === "" ? [] : [`started ${words}`];
};

/** What the verdict's measurement does now. */
const closingWords = (closing: RunModel["series"]["closing"]): string =>
  closing
    ? `measuring the verdict: ${closing.what}, ${closing.done + 1} of ${closing.of}`
    : "measuring the verdict…";
