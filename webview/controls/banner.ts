// The verdict in plain words, coloured by kind, with the numbers it rests on; while a run trains, what it does now.
import { h } from "../dom";
import { num } from "../format";
import { limitsOf } from "../../src/record/limits";
import { factsOf, type Fact } from "../store/facts";
import type { RunModel } from "../store/runModel";
import type { ProvisionalFlag } from "../../src/record/provisionalFlag";
import { edgeForecast, forecastWords } from "../../src/record/edgeForecast";
import { onlyMeanSquare, type Verdict } from "../../src/types/verdict";
import { verdictWords } from "../../src/types/verdictWords";
import type { Popover } from "./popover";

export class Banner {
  readonly element = h("section", { class: "banner", "aria-label": "Verdict", "aria-live": "polite" });
  private shown = "";

  /** @param options  `brief`: the sentence alone, without its numbers and reasons. */
  constructor(
    private readonly popover: Popover,
    private readonly options: { readonly brief?: boolean } = {},
  ) {}

  update(run: RunModel): void {
    const full = run.verdict ? verdictContent(run.verdict) : liveContent(run);
    const content = this.options.brief
      ? { ...full, facts: [], reasons: [] }
      : { ...full, facts: factsOf(run) };
    const shape = JSON.stringify(content);
    if (shape === this.shown) return;
    const open = this.element.querySelector("details")?.open ?? false;
    this.shown = shape;
    this.element.dataset.kind = content.kind;
    const { title, summary, facts, reasons } = content;
    this.element.replaceChildren(
      h("strong", { class: "title" }, title),
      // Its room is that of a verdict from the start: nothing moves when one arrives. What is cut off stands whole in the tooltip and under Why.
      h("p", { class: "summary", title: summary }, summary),
      ...(this.options.brief
        ? []
        : [
            h("div", { class: "facts" }, ...facts.map((fact) => this.fact(fact))),
            h(
              "details",
              { open, class: reasons.length > 0 ? undefined : "absent" },
              h("summary", {}, "Why"),
              h("ul", {}, ...reasons.map((reason) => h("li", {}, reason))),
            ),
          ]),
    );
  }

  private fact({ label, value, provenance }: Fact): HTMLElement {
    const children = [h("span", { class: "label" }, label), h("strong", {}, value)];
    return this.popover.button({ class: "fact" }, children, () => provenance);
  }
}

interface Content {
  readonly kind: string;
  readonly title: string;
  readonly summary: string;
  readonly reasons: readonly string[];
}

const verdictContent = (verdict: Verdict): Content => ({
  // What comes back is warned of, and coloured as the edge is.
  kind: onlyMeanSquare(verdict) ? "edge" : verdict.verdict,
  title: `${verdictWords(verdict).title}${verdict.provisional && verdict.verdict !== "diverged" ? " (provisional)" : ""}`,
  summary: verdict.summary,
  reasons: [...verdict.reasons, verdict.minimum.why, ...verdict.evidence],
});

function liveContent(run: RunModel): Content {
  const none: Pick<Content, "reasons"> = { reasons: [] };
  const last = run.series.notes.at(-1);
  switch (run.status) {
    case "running":
      return run.flag
        ? flagContent(run.flag)
        : { kind: "running", title: "Training", summary: nowOf(run), ...none };
    case "queued":
      return {
        kind: "running",
        title: "Queued",
        summary: "It starts as soon as a run before it ends.",
        ...none,
      };
    case "unknown":
      return {
        kind: "inconclusive",
        title: "Not heard of",
        summary: `It runs on ${hostOf(run)}, and its log has not grown for a while.`,
        ...none,
      };
    case "diverged":
      return {
        kind: "diverged",
        title: "Diverged",
        summary: `The ${run.series.diverged?.what ?? "loss"} diverged at step ${run.series.diverged?.step ?? run.series.step}.`,
        ...none,
      };
    case "died":
      return {
        kind: "inconclusive",
        title: "The process is gone",
        summary: "It ended without writing a verdict. Resume goes on from its last checkpoint, bit-exactly.",
        ...none,
      };
    case "failed":
      return {
        kind: "diverged",
        title: "The run failed",
        summary: last?.message ?? "An error ended it; run.log in its folder says which.",
        ...none,
      };
    case "interrupted":
    case "finished":
      return {
        kind: "inconclusive",
        title: "No verdict",
        summary: "The run ended before stability could be judged.",
        ...none,
      };
  }
}

/** Said while it trains, and withdrawn when a reading falls below the limit. */
const flagContent = ({ learningRate, limit, since, readings }: ProvisionalFlag): Content => ({
  kind: "unstable-mean",
  title: "Beyond its limit (provisional)",
  summary: `Learning rate ${num(learningRate)} has been above its limit ${num(limit)} for ${readings} readings, since step ${since}, and the loss does not fall. The verdict comes with the end of the run.`,
  reasons: [],
});

const hostOf = ({ info: { handle } }: RunModel): string =>
  handle && "host" in handle ? handle.host : "another machine";

/** A sentence on where sharpness stands against its limit, and one on when it meets it. */
function nowOf(run: RunModel): string {
  const own = run.series.number("preconditionedSharpness");
  const sharpness = own ?? run.series.number("sharpness");
  if (sharpness === undefined || !Number.isFinite(sharpness))
    return "The verdict comes with the end of the run.";
  const limits = limitsOf(run);
  const limit = own === undefined ? limits.sharpness : limits.preconditionedSharpness;
  const share = sharpness / limit;
  const most = num(limit);
  const where =
    share > 1.02
      ? `above its limit ${most}: this point cannot hold`
      : share > 0.95
        ? `at its limit ${most}: the edge of stability`
        : `${Math.round(100 * share)} % of its limit ${most}`;
  const forecast = edgeForecast(run.series, run.info.experiment.optimizer.learningRate);
  const ahead = forecast ? ` It ${forecastWords(forecast)}.` : "";
  return `${own === undefined ? "Sharpness" : "Preconditioned sharpness"} ${num(sharpness)} is ${where}.${ahead}`;
}
