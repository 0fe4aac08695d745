// The top of the panel: run picker, Stop or Resume, links to the run's files.
import { h, setText } from "../dom";
import { remember, send } from "../host";
import { statusWords, isActive, isResumable } from "../../src/types/runStatus";
import type { PanelState } from "../store/panelState";
import type { RunSummary } from "../../src/record/panelMessages";

export class Header {
  readonly element: HTMLElement;
  private readonly picker = h("vscode-dropdown", {
    class: "picker",
    "aria-label": "Run shown",
  }) as HTMLSelectElement;
  private readonly stop = h("vscode-button", { class: "stop" }, "Stop");
  private readonly resume = h("vscode-button", { class: "resume" }, "Resume");
  private readonly status = h("span", { class: "status", role: "status" });
  private selected: string | undefined;
  private shape = "";

  constructor() {
    const act = (element: HTMLElement, kind: "stop" | "resume" | "openExperiment") =>
      element.addEventListener("click", () => this.selected && send({ kind, run: this.selected }));
    act(this.stop, "stop");
    act(this.resume, "resume");
    this.picker.addEventListener("change", () => {
      const run = this.picker.value;
      if (!run || run === this.selected) return;
      remember(run);
      send({ kind: "select", run });
    });
    const experiment = link("experiment", "Open the experiment file");
    act(experiment, "openExperiment");
    const file = (name: "run" | "events" | "verdict", title: string) => {
      const element = link(name, title);
      element.addEventListener(
        "click",
        () => this.selected && send({ kind: "openFile", run: this.selected, file: name }),
      );
      return element;
    };
    this.element = h(
      "header",
      { class: "top" },
      this.picker,
      this.status,
      this.stop,
      this.resume,
      h(
        "nav",
        { "aria-label": "Files of this run" },
        experiment,
        file("verdict", "Open verdict.json"),
        file("events", "Open events.jsonl"),
        file("run", "Open run.json"),
      ),
    );
  }

  update({ runs, selected }: PanelState): void {
    const id = selected?.key;
    const changed = id !== this.selected;
    this.selected = id;
    if (id !== undefined && changed) remember(id);
    this.fill(runs, id);
    setText(this.status, selected ? statusWords[selected.status] : "");
    this.status.dataset.status = selected?.status ?? "";
    this.stop.hidden = !selected || !isActive(selected.status);
    this.resume.hidden = !selected || !isResumable(selected.status);
  }

  /** Rebuilt only when it changes: an open list must not close under the user's hand while a run trains. */
  private fill(runs: readonly RunSummary[], id: string | undefined): void {
    const shape = JSON.stringify([id, runs.map((run) => [run.key, run.status])]);
    if (shape === this.shape) return;
    this.shape = shape;
    const options = runs.map((run) =>
      h(
        "vscode-option",
        { value: run.key, selected: run.key === id },
        `${run.id}${run.status === "running" ? " (training)" : run.status === "queued" ? " (queued)" : ""}`,
      ),
    );
    this.picker.replaceChildren(...options);
    if (id !== undefined) {
      queueMicrotask(() => {
        this.picker.value = id;
      });
    }
  }
}

const link = (text: string, title: string) => h("button", { class: "link", title, type: "button" }, text);
