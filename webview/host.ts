// The wire to the extension host: intents out, messages in, and the state VS Code keeps over a reload.
import { decodeMessage, type FromPanel, type ToPanel } from "../src/record/panelMessages";

interface VsCodeApi {
  postMessage(message: unknown): void;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

const api = acquireVsCodeApi();

export const send = (message: FromPanel): void => api.postMessage(message);

/** The run to come back to after the window reloads. */
export const remember = (run: string): void => api.setState({ run });

export const listen = (receive: (message: ToPanel) => void): void =>
  window.addEventListener("message", (event: MessageEvent<unknown>) => receive(decodeMessage(event.data)));
