// A run's name, which opens it in the panel, and its status; Stop while it trains.
import { h, setText } from "../dom";
import { send } from "../host";
import type { RunModel } from "../store/runModel";
import { isActive, statusWords } from "../../src/types/runStatus";

export class RunTitle {
  private readonly name = h("button", { class: "link name", type: "button", title: "Open in the panel" });
  private readonly status = h("span", { class: "status", role: "status" });
  private readonly stop = h("vscode-button", { class: "stop", appearance: "secondary" }, "Stop");
  readonly element = h("header", { class: "top" }, this.name, this.status, this.stop);
  private shown: string | undefined;

  constructor() {
    const act = (element: HTMLElement, kind: "openPanel" | "stop") =>
      element.addEventListener("click", () => this.shown !== undefined && send({ kind, run: this.shown }));
    act(this.name, "openPanel");
    act(this.stop, "stop");
  }

  update({ key, label, info, status }: RunModel): void {
    this.shown = key;
    setText(this.name, `${info.experiment.name}: ${label}`);
    setText(this.status, statusWords[status]);
    this.status.dataset.status = status;
    this.stop.hidden = !isActive(status);
  }
}
