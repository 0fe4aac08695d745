// What the checker has against a place of the file; a line number opens the text there.
import type { FormProblem } from "../../src/protocol/formField";
import { h } from "../dom";
import { send } from "../host";

export class Problems {
  readonly element: HTMLElement;
  private shown = "";

  constructor(id?: string) {
    this.element = h("ul", { id, class: "problems", "aria-live": "polite", hidden: true });
  }

  update(problems: readonly FormProblem[], { places = false } = {}): void {
    const shape = JSON.stringify(problems);
    if (shape === this.shown) return;
    this.shown = shape;
    this.element.hidden = problems.length === 0;
    this.element.replaceChildren(
      ...problems.map(({ severity, message, line, offset }) =>
        h(
          "li",
          { "data-severity": severity },
          places && line !== undefined && offset !== undefined ? placeButton(line, offset) : undefined,
          ...quoted(message),
        ),
      ),
    );
  }
}

/** Keys as the command line quotes them. */
const quoted = (message: string): (Node | string)[] =>
  message.split("`").map((part, i) => (i % 2 === 1 ? h("code", {}, part) : part));

function placeButton(line: number, offset: number): HTMLElement {
  const button = h("button", { class: "link", type: "button", title: "Open the text there" }, `Line ${line}`);
  button.addEventListener("click", () => send({ kind: "openAt", offset }));
  return button;
}
