// "What if": growth and escape time at another learning rate and batch size, at once, and a branch that trains with them.
import type { Playhead } from "../charts/playhead";
import type { Trial } from "../charts/trial";
import { h, setText } from "../dom";
import { count, num } from "../format";
import { send } from "../host";
import { batchSizesOf, ownSettings, tryOut, type TrialOutcome } from "../store/trial";
import type { RunModel } from "../store/runModel";

/** Places of the slider, from a hundredth to a hundredfold of the run's own learning rate. */
const places = 400;
const span = Math.log(100);
/** Digits of a learning rate that is tried. */
const digits = 3;

const stateWords: Readonly<Record<TrialOutcome["state"], string>> = {
  holds: "holds",
  leaves: "leaves",
  undecided: "undecided",
  unknown: "not known",
};

export class WhatIf {
  private readonly slider = rangeInput();
  private readonly rate = h("output", { class: "rate" });
  private readonly batch = document.createElement("select");
  private readonly state = h("strong", { class: "state" });
  private readonly growth = h("span", { class: "growth" });
  private readonly escape = h("span", { class: "escape" });
  private readonly missing = h("p", { class: "missing" });
  private readonly reset = h("button", { type: "button", class: "link" }, "Back to the run's own");
  private readonly branch = h("vscode-button", { appearance: "secondary" }, "Branch here…");
  private run: RunModel | undefined;
  readonly element: HTMLElement;

  constructor(
    private readonly trial: Trial,
    private readonly playhead: Playhead,
  ) {
    this.batch.setAttribute("aria-label", "Batch size tried");
    this.slider.addEventListener("input", () => this.tried());
    this.batch.addEventListener("change", () => this.tried());
    this.reset.addEventListener("click", () => trial.set(undefined));
    this.branch.addEventListener("click", () => this.branchHere());
    this.element = h(
      "section",
      { class: "what-if", "aria-label": "What if" },
      h("h3", {}, "At another learning rate or batch size"),
      h(
        "div",
        { class: "tried" },
        h("label", {}, "η", this.slider, this.rate),
        h("label", {}, "batch", this.batch),
        this.branch,
        this.reset,
      ),
      h("p", { class: "outcome", role: "status" }, this.state, " · ", this.growth, " · ", this.escape),
      this.missing,
    );
    trial.onChange(() => this.update(this.run));
    playhead.onMove(() => this.update(this.run));
  }

  update(run: RunModel | undefined): void {
    this.run = run;
    const own = run && ownSettings(run);
    this.element.hidden = !own;
    if (!run || !own) return;
    const settings = this.trial.settings ?? own;
    this.fillBatches(run, settings.batchSize);
    this.slider.value = String(
      Math.round((places / 2) * (1 + Math.log(settings.learningRate / own.learningRate) / span)),
    );
    setText(this.rate, num(settings.learningRate));
    this.slider.setAttribute("aria-valuetext", num(settings.learningRate));
    const { state, growth, escape, missing } = tryOut(run, settings);
    this.element.dataset.state = state;
    setText(this.state, stateWords[state]);
    setText(this.growth, growth);
    setText(this.escape, escape);
    setText(this.missing, missing ?? "");
    this.reset.style.visibility = this.trial.settings ? "visible" : "hidden";
    const step = this.playhead.kept ?? run.series.step;
    this.branch.title = `A new run with these settings, from the last checkpoint up to step ${count(step)}`;
  }

  private fillBatches(run: RunModel, chosen: number): void {
    const sizes = [...new Set([...batchSizesOf(run), chosen])].sort((a, b) => a - b);
    const wanted = sizes.join();
    if (this.batch.dataset.sizes !== wanted) {
      this.batch.dataset.sizes = wanted;
      this.batch.replaceChildren(...sizes.map((size) => h("option", { value: size }, String(size))));
    }
    this.batch.value = String(chosen);
  }

  private tried(): void {
    const own = this.run && ownSettings(this.run);
    if (!own) return;
    const share = Math.exp(span * ((2 * Number(this.slider.value)) / places - 1));
    this.trial.set({
      learningRate: Number((own.learningRate * share).toPrecision(digits)),
      batchSize: Number(this.batch.value),
    });
  }

  private branchHere(): void {
    const own = this.run && ownSettings(this.run);
    if (!this.run || !own) return;
    const { learningRate, batchSize } = this.trial.settings ?? own;
    send({
      kind: "branch",
      run: this.run.key,
      step: this.playhead.kept ?? this.run.series.step,
      learningRate,
      batchSize: batchSize === own.batchSize ? null : batchSize,
    });
  }
}

function rangeInput(): HTMLInputElement {
  const input = document.createElement("input");
  Object.assign(input, { type: "range", min: "0", max: String(places), step: "1" });
  input.setAttribute("aria-label", "Learning rate tried");
  return input;
}
