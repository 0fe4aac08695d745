// A button that asks the editor for one of its commands.
import type { FromPanel } from "../../src/record/panelMessages";
import { h } from "../dom";
import { send } from "../host";

type CommandName = Extract<FromPanel, { kind: "command" }>["command"];

export function commandButton(
  text: string,
  appearance: "primary" | "secondary",
  command: CommandName,
): HTMLElement {
  const element = h("vscode-button", { appearance }, text);
  element.addEventListener("click", () => send({ kind: "command", command }));
  return element;
}
