// The wire to the extension host: intents out, messages in, and the state VS Code keeps over a reload. A page has one of its own, the outputs of a notebook share another.
import { decodeMessage, type FromPanel, type ToPanel } from "../src/record/panelMessages";

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

/** What VS Code keeps of a page over a reload of the window: the run to come back to, and how it was looked at. */
interface Kept {
  readonly run?: string;
  readonly view?: unknown;
}

export interface Wire {
  post(message: FromPanel): void;
  /** Keeps a part beside the others. */
  remember(part: Kept): void;
  recall(): Kept;
}

let wire: Wire | undefined;

/** Before this nothing is sent. */
export const connect = (made: Wire): void => {
  wire = made;
};

/** The wire of a page, which VS Code gives once. */
export function pageWire(): Wire {
  const api = acquireVsCodeApi();
  const state = api.getState();
  let kept: Kept = typeof state === "object" && state !== null ? state : {};
  return {
    post: (message) => api.postMessage(message),
    remember: (part) => {
      kept = { ...kept, ...part };
      api.setState(kept);
    },
    recall: () => kept,
  };
}

export const send = (message: FromPanel): void => wire?.post(message);
export const remember = (run: string): void => wire?.remember({ run });
export const rememberView = (view: unknown): void => wire?.remember({ view });
/** The view kept last; nothing of it is known to be true. */
export const recallView = (): unknown => wire?.recall().view;

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
