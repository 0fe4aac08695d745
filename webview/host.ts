// The wire to the extension host: intents out, messages in, and the state VS Code keeps over a reload. A page has one of its own, the outputs of a notebook share another.
import { decodeMessage, type FromPanel, type ToPanel } from "../src/record/panelMessages";

interface VsCodeApi {
  postMessage(message: unknown): void;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

export interface Wire {
  post(message: FromPanel): void;
  /** The run to come back to after the window reloads. */
  remember(run: string): void;
}

let wire: Wire | undefined;

/** Before this nothing is sent. */
export const connect = (made: Wire): void => {
  wire = made;
};

/** The wire of a page, which VS Code gives once. */
export function pageWire(): Wire {
  const api = acquireVsCodeApi();
  return { post: (message) => api.postMessage(message), remember: (run) => api.setState({ run }) };
}

export const send = (message: FromPanel): void => wire?.post(message);
export const remember = (run: string): void => wire?.remember(run);

export const listen = (receive: (message: ToPanel) => void): void =>
  window.addEventListener("message", (event: MessageEvent<unknown>) => receive(decodeMessage(event.data)));

/** The wire of a page with messages of its own. */
export interface Channel<To, From> {
  readonly send: (message: From) => void;
  readonly listen: (receive: (message: To) => void) => void;
}

export function openChannel<To, From>(decode: (raw: unknown) => To): Channel<To, From> {
  const api = acquireVsCodeApi();
  return {
    send: (message) => api.postMessage(message),
    listen: (receive) =>
      window.addEventListener("message", (event: MessageEvent<unknown>) => receive(decode(event.data))),
  };
}
