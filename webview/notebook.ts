// Entry of the renderer of `application/vnd.basin.run+json` in notebooks: a run in brief, live where its folder is at hand, else as it was saved.
import uplotCss from "uplot/dist/uPlot.min.css";
import pageCss from "./styles.css";
import briefCss from "./current.css";
import { decodeOutput, type NotebookOutput } from "../src/record/notebookOutput";
import { fromHost, type FromNotebook, type ToNotebook } from "../src/record/notebookMessages";
import type { ToPanel } from "../src/record/panelMessages";
import { BriefBody } from "./briefBody";
import { h, setText } from "./dom";
import { Drawn } from "./drawn";
import { connect } from "./host";
import { apply, emptyState } from "./store/panelState";
import { onThemeChange } from "./theme";
import { registerToolkit } from "./toolkit";

/** What VS Code hands a renderer; messaging only where the extension runs. */
interface RendererContext {
  readonly postMessage?: (message: FromNotebook) => void;
  readonly onDidReceiveMessage?: (receive: (message: unknown) => void) => unknown;
}
interface OutputItem {
  readonly id: string;
  json(): unknown;
}

const chartHeight = 170;

/** One output: its own styles, that reach nothing else in the notebook, and its own run. */
class RunOutput extends Drawn {
  private readonly state = emptyState();
  private readonly note = h("p", { class: "note-of-output", hidden: true });
  private readonly body: BriefBody;
  private readonly root: HTMLElement;

  constructor(
    element: HTMLElement,
    private readonly output: NotebookOutput,
  ) {
    super();
    this.body = new BriefBody(this, () => chartHeight);
    this.root = h("div", { class: "output" }, this.body.element, this.note);
    const style = document.createElement("style");
    style.textContent = [uplotCss, pageCss, briefCss, outputCss].join("\n");
    const host = h("div");
    host.attachShadow({ mode: "open" }).append(style, this.root);
    element.replaceChildren(host);
    const { snapshot, folder = "" } = output;
    if (snapshot) this.state.selected = { ...snapshot, key: folder, label: snapshot.info.id, flag: null };
    new ResizeObserver(this.redraw).observe(host);
    this.redraw();
  }

  receive(message: ToPanel): void {
    apply(this.state, message);
    this.redraw();
  }

  protected draw(): void {
    const { selected, loaded } = this.state;
    // The rules of high contrast ask for the class that VS Code gives the page.
    this.root.className = `output ${loaded ? "" : "saved"} ${document.body.className}`;
    this.body.element.hidden = selected === undefined;
    const { problem, folder, snapshot } = this.output;
    const said =
      problem ?? (loaded ? "" : snapshot ? "As saved in the notebook." : `Run ${folder} is not at hand.`);
    this.note.hidden = said === "";
    setText(this.note, said);
    if (selected) this.body.draw(selected);
  }
}

const outputCss = `
.output { position: relative; color: var(--vscode-foreground); font-family: var(--vscode-font-family); font-size: var(--vscode-font-size, 13px); }
.output.vscode-high-contrast { border: 1px solid var(--vscode-contrastBorder); }
.output.saved .stop { display: none; }
.output.saved .name { color: inherit; pointer-events: none; }
.note-of-output { margin: 0; padding: 2px 12px 8px; color: var(--vscode-descriptionForeground); }
`;

/** Called by VS Code when the first output of this kind comes into sight. */
export function activate({ postMessage, onDidReceiveMessage }: RendererContext) {
  const outputs = new Map<string, RunOutput>();
  const post = (message: FromNotebook) => postMessage?.(message);
  connect({
    post: (message) => {
      if (message.kind === "openPanel" || message.kind === "stop") post(message);
    },
    remember: () => undefined,
    recall: () => ({}),
  });
  registerToolkit();
  onThemeChange(() => outputs.forEach((output) => output.themed()));
  onDidReceiveMessage?.((raw) => {
    const { output } = raw as ToNotebook;
    const message = fromHost(raw as ToNotebook);
    outputs.get(output)?.receive(message);
    if (message.kind === "series") post({ kind: "received", output });
  });
  return {
    renderOutputItem(item: OutputItem, element: HTMLElement): void {
      const output = decodeOutput(item.json());
      outputs.set(item.id, new RunOutput(element, output));
      if (output.folder !== undefined) post({ kind: "show", output: item.id, folder: output.folder });
    },
    disposeOutputItem(id?: string): void {
      for (const one of id === undefined ? [...outputs.keys()] : [id])
        if (outputs.delete(one)) post({ kind: "leave", output: one });
    },
  };
}
