// What the panel shows, folded from the host's messages. Pure.
import type { ToPanel } from "../../src/record/panelMessages";
import { RunSeries } from "../../src/record/runSeries";
import { receive } from "../../src/record/transfer";
import type { RunModel } from "./runModel";

export interface PanelState {
  selected: RunModel | undefined;
  /** Set by the first message that selects: before it the panel does not know whether there is a run. */
  loaded: boolean;
  /** The file whose runs the page follows, as the user knows it. */
  file: string | undefined;
  /** A chart that the next drawing brings into sight. */
  reveal: string | undefined;
  /** The file as a form, on a page that has one. */
  form: FormState | undefined;
}

export type FormState = Pick<Extract<ToPanel, { kind: "form" }>, "form" | "trusted">;

export const emptyState = (): PanelState => ({
  selected: undefined,
  loaded: false,
  file: undefined,
  reveal: undefined,
  form: undefined,
});

/** Applies one message in place. Messages about a run that is no longer shown are ignored. */
export function apply(state: PanelState, message: ToPanel): void {
  switch (message.kind) {
    case "select":
      state.loaded = true;
      state.file = message.file;
      state.selected = message.run ? { ...message.run, series: new RunSeries() } : undefined;
      return;
    case "reveal":
      if (state.selected?.key === message.run) state.reveal = message.chart;
      return;
    case "form":
      state.form = { form: message.form, trusted: message.trusted };
      return;
    case "series":
      if (state.selected?.key === message.run) receive(state.selected.series, message.delta);
      return;
    case "status":
      if (state.selected?.key === message.run) {
        const { label, status, verdict, flag } = message;
        state.selected = { ...state.selected, label, status, verdict, flag };
      }
      return;
  }
}
