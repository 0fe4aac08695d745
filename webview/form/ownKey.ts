// One key more where a file may have keys of its own: an axis of a sweep.
import type { FormField } from "../../src/protocol/formField";
import { h } from "../dom";
import { send } from "../host";
import type { Shown } from "./keyedList";

export class OwnKey implements Shown<FormField> {
  private readonly key = h("input", {
    type: "text",
    spellcheck: "false",
    autocomplete: "off",
    placeholder: "key",
  });
  private readonly value = h("input", {
    type: "text",
    spellcheck: "false",
    autocomplete: "off",
    placeholder: "value",
  });
  readonly element = h("div", { class: "own-key" }, this.key, this.value);
  private part: FormField | undefined;

  constructor() {
    const add = h("button", { class: "add", type: "button" }, "Add");
    this.element.append(add);
    add.addEventListener("click", () => this.add());
    this.element.addEventListener("keydown", ({ key }) => {
      if (key === "Enter" && document.activeElement !== add) this.add();
    });
  }

  private add(): void {
    const [key, value] = [this.key, this.value].map((input) => (input as HTMLInputElement).value.trim());
    if (!this.part || key === "") return this.key.focus();
    if (value === "") return this.value.focus();
    send({ kind: "field", change: "set", path: [...this.part.path, key], typed: value });
    for (const input of [this.key, this.value]) (input as HTMLInputElement).value = "";
    this.key.focus();
  }

  update(part: FormField): void {
    this.part = part;
    const name = part.path.join(".");
    this.key.setAttribute("aria-label", `One more key of ${name}`);
    this.value.setAttribute("aria-label", `Its value in ${name}`);
  }
}
