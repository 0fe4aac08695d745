// The readings' thread: the same problem and probes as in the thread that trains, asked at states that it hands over.
import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from "node:worker_threads";
import { runtimeLater } from "../../engines";
import { spareAddressSpace } from "../../trainers/basin/addressSpace";
import { PointSource } from "../../trainers/basin/point";
import { Problem } from "../../trainers/basin/problem";
import { pointOf, type Snapshot } from "../../trainers/basin/trainer";
import { Measuring, type Memories, type NotTaken, type Taken } from "../measuring";
import { copied, type Answer, type Message, type ReadingsWork } from "./messages";
import { RequestRing, type Request } from "./ring";

/** Answers in one message at most. */
const most = 16;

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
  let answers: Answer[] = [];
  for (let i = 0; ; i++) {
    if (answers.length === most || (answers.length > 0 && !ring.has(i))) {
      port.postMessage(answers satisfies Message);
      answers = [];
    }
    answers.push(await measurer.answer(ring.take(i), port));
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
      if (state.step % one.every === 0) all.push(await measuring.take(one, point, state.step));
    return all;
  }
}
