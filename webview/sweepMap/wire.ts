// The wire of a map's page to the extension host, and the file that VS Code keeps over a reload.
import { decodeToMap, type FromMap, type ToMap } from "../../src/record/sweepMapMessages";

interface VsCodeApi {
  postMessage(message: unknown): void;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

const api = acquireVsCodeApi();
const file = document.getElementById("basin")?.dataset.file;
if (file !== undefined) api.setState({ file: decodeURIComponent(file) });

export const sendFromMap = (message: FromMap): void => api.postMessage(message);

export const listenToMap = (receive: (message: ToMap) => void): void =>
  window.addEventListener("message", (event: MessageEvent<unknown>) => receive(decodeToMap(event.data)));
