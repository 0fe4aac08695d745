// Entry of the extension host of a browser, which has neither files nor processes.
export { activateLooking as activate } from "./looking";
