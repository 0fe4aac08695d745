// What the page that compares runs knows, folded from the host's messages. Pure.
import type { ComparedRun, ToCompare } from "../../src/record/compareMessages";
import { RunSeries } from "../../src/record/runSeries";
import { differingSettings, settingsOf } from "../../src/record/settings";
import { receive } from "../../src/record/transfer";
import type { RunModel } from "./runModel";

export interface ComparedModel {
  readonly run: RunModel;
  readonly slot: number;
  readonly mark: string;
  readonly says: string;
}

export interface CompareState {
  /** Whether the host has said which runs are compared. */
  loaded: boolean;
  /** In the order of their colours. */
  runs: readonly ComparedModel[];
  /** Ticked beyond the last colour. */
  more: number;
}

export const emptyComparison = (): CompareState => ({ loaded: false, runs: [], more: 0 });

/** Applies one message in place. Messages about a run that is no longer compared are ignored. */
export function applyToComparison(state: CompareState, message: ToCompare): void {
  switch (message.kind) {
    case "runs": {
      const known = new Map(state.runs.map(({ run }) => [run.key, run.series]));
      state.loaded = true;
      state.more = message.more;
      state.runs = message.runs.map((told) => modelOf(told, known.get(told.key) ?? new RunSeries()));
      return;
    }
    case "series": {
      if (message.anew)
        state.runs = state.runs.map((one) =>
          one.run.key === message.run ? { ...one, run: { ...one.run, series: new RunSeries() } } : one,
        );
      const found = state.runs.find(({ run }) => run.key === message.run);
      if (found) receive(found.run.series, message.delta);
      return;
    }
  }
}

function modelOf({ slot, mark, says, ...told }: ComparedRun, series: RunSeries): ComparedModel {
  return { slot, mark, says, run: { ...told, series } };
}

/** Says nothing of the training itself. */
const untold = /^(launch|checkpoints|closing|memory|engine|probes)(\.|$)/;

/** The settings in which the runs differ: key path, and each run's value as it is read. */
export function differencesOf(
  runs: readonly ComparedModel[],
): readonly { readonly path: string; readonly values: readonly string[] }[] {
  const infos = runs.map(({ run }) => run.info);
  return differingSettings(infos)
    .filter((path) => !untold.test(path))
    .map((path) => ({ path, values: infos.map((info) => unquoted(settingsOf(info).get(path))) }));
}

const unquoted = (json: string | undefined): string => {
  if (json === undefined) return "–";
  const value: unknown = JSON.parse(json);
  return typeof value === "string" ? value : json;
};
