// What the host asks to bring into sight, as the page's state keeps it until it is drawn.
import { expect, test } from "vitest";
import { decodeMessage, encodeMessage, type ToPanel } from "../../../src/record/panelMessages";
import { apply, emptyState } from "../../../webview/store/panelState";

const selected = (key: string): ToPanel =>
  ({ kind: "select", run: { key, label: key, status: "finished", verdict: null, flag: null } }) as ToPanel;
const reveal = (run: string): ToPanel => ({ kind: "reveal", run, chart: "explanation" });

test("a chart is brought into sight of the run it was asked for, and of no other", () => {
  const state = emptyState();
  apply(state, reveal("a"));
  expect(state.reveal).toBeUndefined();
  apply(state, selected("a"));
  apply(state, decodeMessage(encodeMessage(reveal("b"))));
  expect(state.reveal).toBeUndefined();
  apply(state, decodeMessage(encodeMessage(reveal("a"))));
  expect(state.reveal).toBe("explanation");
});
