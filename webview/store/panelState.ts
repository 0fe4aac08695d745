// What the panel shows, folded from the host's messages. Pure.
import type { RunSummary, ToPanel } from "../../src/protocol/panel";
import { addEvents, createRun, type RunModel } from "./runModel";

export interface PanelState {
  runs: readonly RunSummary[];
  selected: RunModel | undefined;
  /** Set by the first snapshot: before it the panel does not know whether there is a run. */
  loaded: boolean;
}

export const emptyState = (): PanelState => ({ runs: [], selected: undefined, loaded: false });

/** Applies one message in place. Messages about a run that is no longer shown are ignored. */
export function apply(state: PanelState, message: ToPanel): void {
  switch (message.kind) {
    case "snapshot":
      state.loaded = true;
      state.runs = message.runs;
      state.selected = message.selected ? createRun(message.selected) : undefined;
      return;
    case "events":
      if (state.selected?.info.id === message.run) addEvents(state.selected, message.events);
      return;
    case "status":
      if (state.selected?.info.id === message.run) {
        state.selected.status = message.status;
        state.selected.verdict = message.verdict;
      }
      return;
    case "runs":
      state.runs = message.runs;
      return;
  }
}
