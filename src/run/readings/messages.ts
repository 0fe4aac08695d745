// What the two threads of a run tell each other beside the ring.
import type { Dataset } from "../../data";
import type { Experiment } from "../../protocol/experiment";
import type { SavedMemory } from "../../measure/memory";
import type { Snapshot } from "../../trainers/basin/trainer";
import type { Memories, NotTaken, Taken } from "../measuring";

/** What the readings' thread starts with. */
export interface ReadingsWork {
  readonly experiment: Experiment;
  readonly file: string;
  /** The name of the engine that trains. */
  readonly engine: string;
  /** As training has it; null where it is made anew from the experiment, which no file can change. */
  readonly data: Dataset | null;
  /** Memory of the ring. */
  readonly memory: SharedArrayBuffer;
  /** A state to try everything at before it counts. */
  readonly state: Snapshot;
}

/** An answer for each request, in order. */
export type Answer =
  | { readonly kind: "read"; readonly taken: readonly (Taken | NotTaken)[] }
  | { readonly kind: "tell"; readonly memories: Memories }
  | { readonly kind: "remember" };

/** First that everything is compiled, then the answers that the ring has not in numbers, and that there are some in the ring. */
export type Message = "ready" | "answered" | Answer;

/** Memories whose tensors are arrays of their own: of a view a message would carry all that it is a view of. */
export const copied = (memories: Memories): Memories =>
  new Map(
    [...memories].map(([probe, { tensors, rng }]): [keyof Experiment["probes"], SavedMemory] => [
      probe,
      { rng, tensors: new Map([...tensors].map(([name, values]) => [name, values.slice()])) },
    ]),
  );
