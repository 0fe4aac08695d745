// The top of the panel: run picker, Stop or Resume, links to the run's files.
import { h, setText } from "../dom";
import { remember, send } from "../host";
import { statusWords, isActive, isResumable } from "../../src/types/runStatus";
import type { PanelState } from "../store/panelState";

export class Header {
  readonly element: HTMLElement;
  private readonly label = h("span", { class: "label" });
  /** Opens the editor's own list of runs, which has names, verdicts, times and search. */
  private readonly picker = h(
    "button",
    { class: "picker", type: "button", "aria-haspopup": "listbox" },
    this.label,
    h("span", { class: "chevron", "aria-hidden": "true" }),
  );
  private readonly stop = h("vscode-button", { class: "stop" }, "Stop");
  private readonly resume = h("vscode-button", { class: "resume" }, "Resume");
  private readonly status = h("span", { class: "status", role: "status" });
  private selected: string | undefined;

  constructor() {
    const act = (element: HTMLElement, kind: "stop" | "resume" | "openExperiment") =>
      element.addEventListener("click", () => this.selected && send({ kind, run: this.selected }));
    act(this.stop, "stop");
    act(this.resume, "resume");
    this.picker.addEventListener("click", () => send({ kind: "pickRun" }));
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

  update({ selected }: PanelState): void {
    const key = selected?.key;
    if (key !== undefined && key !== this.selected) remember(key);
    this.selected = key;
    const name = selected ? `${selected.info.experiment.name}: ${selected.label}` : "";
    setText(this.label, name);
    this.picker.dataset.run = key ?? "";
    this.picker.title = selected ? `${name}\n${selected.info.id}\nShow another run…` : "";
    this.picker.setAttribute("aria-label", `Run shown: ${name}. Show another run`);
    setText(this.status, selected ? statusWords[selected.status] : "");
    this.status.dataset.status = selected?.status ?? "";
    this.stop.hidden = !selected || !isActive(selected.status);
    this.resume.hidden = !selected || !isResumable(selected.status);
  }
}

const link = (text: string, title: string) => h("button", { class: "link", title, type: "button" }, text);
