// What a line of `judgements.jsonl` may add to a run: readings and words. Everything else of a log is its process's to say.
import type { RunEvent } from "../protocol/events";

export const isJudgement = ({ kind }: RunEvent): boolean => kind === "metrics" || kind === "note";
