// Opens the engine an experiment asks for; one that is not there is a mistake at `engine` in the experiment's file.
import { EngineMissing, openEngine } from "../../engines";
import type { Engine } from "../../engines/engine";
import { tensorflowFolder } from "../../protocol/cacheFolder";
import { UserError, type SourcePlace } from "../../protocol/errors";
import type { Experiment } from "../../protocol/experiment";
import { parseJsonSource } from "../../protocol/jsonSource";
import { experimentText } from "../../record/disk/experimentText";
import { spareAddressSpace } from "./addressSpace";
import { proofApart } from "./proofApart";

/** @throws UserError at the key `engine` when the engine does not load on this machine. */
export async function engineOf(experiment: Experiment, file: string): Promise<Engine> {
  spareAddressSpace();
  try {
    const { engine, threads } = experiment;
    return await openEngine(engine, { threads, tensorflow: tensorflowFolder(), prove: proofApart() });
  } catch (error) {
    if (!(error instanceof EngineMissing)) throw error;
    const { message, hint } = error;
    throw new UserError([{ severity: "error", message, hint, place: placeOf(file) }]);
  }
}

function placeOf(file: string): SourcePlace {
  try {
    return { ...parseJsonSource(experimentText(file) ?? "", file).place(["engine"]), key: "engine" };
  } catch {
    return { file, key: "engine" };
  }
}
