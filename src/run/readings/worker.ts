// The readings' thread: the same problem and probes as in the thread that trains, asked at states that it hands over.
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from "node:worker_threads";
import { runtimeLater } from "../../engines";
import { spareAddressSpace } from "../../trainers/basin/addressSpace";
import { PointSource } from "../../trainers/basin/point";
import { Problem } from "../../trainers/basin/problem";
import { pointOf, type Snapshot } from "../../trainers/basin/trainer";
import { Measuring, type Memories, type NotTaken, type Taken } from "../measuring";
import { Forms, inFull } from "./forms";
import { copied, type Answer, type Message, type ReadingsWork } from "./messages";
import { RequestRing, type Request } from "./ring";

/** Takes readings until the thread that trains ends this one. */
export async function measureBeside(): Promise<never> {
  const work = workerData as ReadingsWork;
  spareAddressSpace();
  const engine = runtimeLater(work.engine, work.experiment);
  const problem = await Problem.load(work.experiment, work.file, engine, work.data ?? undefined);
  const measurer = new Measurer(problem);
  await measurer.rehearse(work.state);
  parentPort!.postMessage("ready" satisfies Message);
  const ring = new RequestRing(work.state, work.memory);
  return answer(ring, measurer, parentPort!);
}

async function answer(ring: RequestRing, measurer: Measurer, port: MessagePort): Promise<never> {
  const forms = new Forms();
  /** Answers that the other thread was told of. */
  let told = 0;
  const tell = (message: Message, count: number): void => {
    port.postMessage(message);
    told = count;
  };
  for (let i = 0; ; i++) {
    const request = ring.take(i, () => {
      if (told < i) tell("answered", i);
    });
    const own = await measurer.answer(request, port);
    const form = own.kind === "read" ? forms.write(own.taken, ring.numbersOf(i)) : inFull;
    const isAwaited = ring.answer(i, form);
    if (form === inFull) tell(own, i + 1);
    else if (isAwaited) tell("answered", i + 1);
    if (form === inFull && own.kind === "read") forms.learn(own.taken);
  }
}

class Measurer {
  private readonly points: PointSource;
  private measuring: Measuring;

  constructor(private readonly problem: Problem) {
    this.points = PointSource.open(problem, { products: 0, check: () => undefined });
    this.measuring = new Measuring(problem.experiment);
  }

  /** Compiles everything by readings that do not count. */
  async rehearse(state: Snapshot): Promise<void> {
    await this.read(state);
    this.measuring = new Measuring(this.problem.experiment);
  }

  async answer(request: Request, port: MessagePort): Promise<Answer> {
    switch (request.kind) {
      case "read":
        return { kind: "read", taken: await this.read(request.state) };
      case "tell":
        return { kind: "tell", memories: copied(this.measuring.memories) };
      case "remember": {
        const { message } = receiveMessageOnPort(port) as { readonly message: Memories };
        this.measuring.remember(message);
        return { kind: "remember" };
      }
    }
  }

  private async read(state: Snapshot): Promise<(Taken | NotTaken)[]> {
    const { measuring, points } = this;
    const point = pointOf(points, state);
    const all: (Taken | NotTaken)[] = [];
    for (const one of measuring.asked)
      if (state.step % one.every === 0) all.push(await measuring.measure(one, point, state.step));
    return all;
  }
}
