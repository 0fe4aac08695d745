// One key of the file: its name, its control, what is wrong with it, and a way back to what holds without it.
import type { FormField } from "../../src/protocol/formField";
import { h, setText } from "../dom";
import { send } from "../host";
import { controlFor, type Control } from "./control";
import type { Help } from "./help";
import type { Shown } from "./keyedList";
import { Problems } from "./problems";

let count = 0;

export class FieldRow implements Shown<FormField> {
  readonly element: HTMLElement;
  private readonly control: Control;
  private readonly about = h("span", { class: "unseen" });
  private readonly problems: Problems;
  private readonly reset: HTMLElement;
  private field: FormField;

  constructor(field: FormField, help: Help) {
    this.field = field;
    const id = `field-${++count}`;
    const key = field.path[field.path.length - 1];
    this.control = controlFor(field, id);
    this.problems = new Problems(`${id}-problems`);
    this.about.id = `${id}-about`;
    this.reset = h("button", { class: "reset", type: "button" }, "×");
    this.element = h(
      "div",
      { class: "field", "data-key": field.path.join("."), "data-kind": field.kind },
      h("label", { for: id }, key),
      this.control.element,
      this.control.beside,
      this.reset,
      this.about,
      this.problems.element,
    );
    this.listen(help);
  }

  private listen(help: Help): void {
    const { element } = this.control;
    const say = (change: "typing" | "set" | "remove" | "forget") =>
      send({ kind: "field", change, path: this.field.path, typed: this.control.read() });
    element.addEventListener("change", () => say("set"));
    this.reset.addEventListener("click", () => {
      element.focus();
      say(this.field.written === null ? "forget" : "remove");
    });
    if (element instanceof HTMLSelectElement || element.type === "checkbox")
      help.follow(this.element, () => this.field);
    else {
      help.follow(this.element, () => this.field);
      element.addEventListener("input", () => say("typing"));
      element.addEventListener("keydown", (event) => this.onKey(event as KeyboardEvent, say));
    }
  }

  private onKey(event: KeyboardEvent, say: (change: "set" | "forget") => void): void {
    const { element } = this.control;
    const before = this.field.written ?? "";
    const undo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z";
    if (event.key === "Enter" && !event.shiftKey && element instanceof HTMLTextAreaElement) {
      event.preventDefault();
      say("set");
    }
    // What was typed and not taken goes first; after that Undo is the document's, and Escape the editor's.
    if ((event.key === "Escape" || undo) && element.value !== before) {
      event.preventDefault();
      event.stopPropagation();
      element.value = before;
      say("forget");
    }
  }

  update(field: FormField): void {
    this.field = field;
    const { refused, problems, written, required, otherwise, path } = field;
    const { element } = this.control;
    this.control.show(field);
    this.element.classList.toggle("is-set", written !== null);
    const said = refused ? [{ severity: "error" as const, message: refused.message }] : problems;
    this.problems.update(said);
    element.setAttribute("aria-invalid", String(said.some(({ severity }) => severity === "error")));
    element.setAttribute("aria-describedby", `${this.problems.element.id} ${this.about.id}`);
    if (required) element.setAttribute("aria-required", "true");
    setText(this.about, helpOf(field));
    this.reset.hidden = (written === null || required) && !refused;
    const name = path.join(".");
    const title =
      written === null || required
        ? `Forget what was typed for ${name}`
        : `Remove ${name} from the file${otherwise === null ? "" : `: ${otherwise} holds then`}`;
    this.reset.title = title;
    this.reset.setAttribute("aria-label", title);
  }
}

export const helpOf = ({ about, expects }: FormField): string =>
  [about, expects && `Takes ${expects}.`].filter(Boolean).join(" ");
