// The latest value of every metric as a button; a click says formula, source, step, cost and error bar.
import { metricInfo, metrics } from "../../src/protocol/metrics";
import { h, setText } from "../dom";
import { duration, num } from "../format";
import { numberOf, type Reading, type RunModel } from "../store/runModel";
import type { Reading as VerdictReading } from "../../src/protocol/verdict";

/** Shown inside another number's details, or as a list. */
const folded = new Set(["sharpness.error", "eigenvalues", "stability.varianceLimit.lower"]);

export class Numbers {
  private readonly popover = h("div", { class: "popover", role: "dialog", hidden: true, tabindex: -1 });
  private readonly list = h("div", { class: "numbers", role: "list", "aria-label": "Latest readings" });
  readonly element = h("section", { class: "readings" }, this.list, this.popover);
  private readonly buttons = new Map<string, { readonly root: HTMLElement; readonly value: HTMLElement }>();
  private open: string | undefined;
  private run: RunModel | undefined;

  constructor() {
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close(true);
    });
    document.addEventListener("click", (event) => {
      if (event.target instanceof Node && !this.element.contains(event.target)) this.close(false);
    });
  }

  update(run: RunModel): void {
    this.run = run;
    for (const { name, label } of metrics) {
      const reading = folded.has(name) ? undefined : run.latest.get(name);
      const known = this.buttons.get(name);
      if (known) known.root.hidden = reading === undefined;
      if (reading === undefined) continue;
      const { value } = known ?? this.add(name, label);
      setText(value, num(reading.value));
    }
    if (this.open !== undefined) this.fill(this.open);
  }

  private add(name: string, label: string) {
    const value = h("span", { class: "value" });
    const button = h(
      "button",
      { type: "button", "aria-haspopup": "dialog", "data-metric": name },
      h("span", { class: "label" }, label),
      value,
    );
    button.addEventListener("click", () => (this.open === name ? this.close(true) : this.show(name, button)));
    const root = h("div", { role: "listitem" }, button);
    const made = { root, value };
    this.buttons.set(name, made);
    // In the order of the registry, whichever probe reports first.
    const order = metrics.map((metric) => metric.name);
    const after = order.slice(order.indexOf(name) + 1).find((later) => this.buttons.has(later));
    this.list.insertBefore(root, after === undefined ? null : (this.buttons.get(after)?.root ?? null));
    return made;
  }

  private show(name: string, button: HTMLElement): void {
    this.open = name;
    this.fill(name);
    this.popover.hidden = false;
    const host = this.element.getBoundingClientRect();
    const at = button.getBoundingClientRect();
    this.popover.style.top = `${at.bottom - host.top + 4}px`;
    this.popover.style.left = `${Math.max(0, Math.min(at.left - host.left, host.width - this.popover.offsetWidth))}px`;
    this.popover.focus();
  }

  private close(refocus: boolean): void {
    if (this.open === undefined) return;
    if (refocus) this.buttons.get(this.open)?.root.querySelector("button")?.focus();
    this.open = undefined;
    this.popover.hidden = true;
  }

  private fill(name: string): void {
    const info = metricInfo(name);
    const reading = this.run?.latest.get(name);
    if (!info || !reading || !this.run) return;
    this.popover.setAttribute("aria-label", info.label);
    const rows = detailsOf(name, reading, this.run);
    this.popover.replaceChildren(
      h("strong", {}, info.label),
      h("code", {}, info.formula),
      h("dl", {}, ...rows.map(([key, value]) => h("div", {}, h("dt", {}, key), h("dd", {}, value)))),
    );
  }
}

/** Where a number comes from: everything needed to check it. */
export function detailsOf(name: string, reading: Reading, run: RunModel): [name: string, value: string][] {
  const info = metricInfo(name);
  const rows: [string, string][] = [["value", `${num(reading.value)} (${String(reading.value)})`]];
  const add = (key: string, value: string | undefined) => {
    if (value) rows.push([key, value]);
  };
  const judged = judgedReading(name, reading, run);
  const error =
    judged?.error ?? (name === "sharpness" ? run.latest.get("sharpness.error")?.value : undefined);
  add("error bar", error === undefined ? undefined : `± ${num(error)}`);
  const lower =
    name === "stability.varianceLimit" ? run.latest.get("stability.varianceLimit.lower") : undefined;
  add(
    "bracket",
    lower && `${num(lower.value)} to ${num(reading.value)}${lower.value === reading.value ? " (exact)" : ""}`,
  );
  if (name === "sharpness") {
    const list = [...run.latest]
      .filter(([key]) => key.startsWith("eigenvalues."))
      .map(([, { value }]) => num(value));
    add("eigenvalues", list.join(", "));
  }
  add("unit", info?.unit);
  add("step", String(reading.step));
  add("examples", run.header && `${run.header.examples} (whole training set)`);
  add("cost", costOf(reading));
  add("how", judged?.how);
  add("measured by", measuredBy(reading));
  add("engine", run.header?.engine);
  add("source", info?.source);
  return rows;
}

/** The verdict measures its own numbers once more and says how. */
function judgedReading(name: string, { probe, step }: Reading, { verdict }: RunModel) {
  if (!verdict || probe !== "verdict" || step !== verdict.step) return undefined;
  const readings: Readonly<Record<string, VerdictReading | null>> = {
    sharpness: verdict.readings.sharpness,
    gaussNewtonSharpness: verdict.readings.gaussNewtonSharpness,
    nonuniformity: verdict.readings.nonuniformity,
    "stability.growth": verdict.readings.growth,
  };
  const found = readings[name];
  return found ? { how: found.how, error: numberOf(found.error) } : undefined;
}

function measuredBy({ probe }: Reading): string {
  if (probe === undefined) return "training loop";
  return probe === "verdict" ? "the verdict, at the run's last point" : `probe "${probe}"`;
}

function costOf({ products, seconds }: Reading): string | undefined {
  if (products === undefined || seconds === undefined) return undefined;
  return `${products} Hessian or Gauss–Newton products, ${duration(seconds)}`;
}
