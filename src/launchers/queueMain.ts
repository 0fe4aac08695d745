// Entry of the queue's worker: `queue.js RUNSDIR RUNSCRIPT`. It loads no engine and says nothing.
import { work } from "./worker";

const [runsDir, runScript] = process.argv.slice(2);
work(runsDir, { runScript, queueScript: __filename }).then(
  () => process.exit(0),
  () => process.exit(1),
);
