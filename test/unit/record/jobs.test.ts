// What a scheduler said of runs, and what is made of it: status and words, from files that anybody may have written.
import { describe, expect, test } from "vitest";
import { decodeClaim } from "../../../src/record/claim";
import { decodeJobs, endWords, jobWords, reasonWords, type Job } from "../../../src/record/jobs";
import { placeOf } from "../../../src/record/place";
import { statusFrom, type Evidence } from "../../../src/record/status";

const job: Job = {
  state: "PENDING",
  life: "queued",
  reason: "Resources",
  nodes: "",
  left: "2:00:00",
  restarts: 0,
};
const running: Job = { ...job, state: "RUNNING", life: "running", reason: "", nodes: "n3", left: "1:02:03" };

test("whatever stands in jobs.json costs exactly itself", () => {
  expect(decodeJobs(null).size).toBe(0);
  expect(decodeJobs({ jobs: [] }).size).toBe(0);
  const jobs = decodeJobs({
    jobs: { "1": running, "2": { ...job, life: "gone" }, "3": 7, "4": { life: "queued", restarts: -1 } },
  });
  expect([...jobs.keys()]).toEqual(["1", "4"]);
  expect(jobs.get("1")).toEqual(running);
  expect(jobs.get("4")).toEqual({ life: "queued", state: "", reason: "", nodes: "", left: "", restarts: 0 });
});

test("a job's words say where it is and how long it may stay, or why it waits and whether that ends", () => {
  expect(jobWords(running)).toBe("on n3 · 1:02:03 left");
  expect(jobWords({ ...running, restarts: 2 })).toBe("on n3 · 1:02:03 left · requeued 2 times");
  expect(jobWords({ ...running, nodes: "" })).toBe("starting · 1:02:03 left");
  expect(jobWords({ ...job, restarts: 1 })).toBe("waits for free nodes · requeued once");
  expect(reasonWords("PartitionTimeLimit")).toMatch(/^cannot start: /);
  expect(reasonWords("ReqNodeNotAvail, UnavailableNodes:n[1-4]")).toMatch(/^cannot start: the nodes/);
  expect(reasonWords("QOSGrpBillingMinutes")).toBe("a quota is reached (QOSGrpBillingMinutes)");
  expect(reasonWords("constructor")).toBe("waits (constructor)");
  expect(endWords("CANCELLED")).toBe("cancelled");
  expect(endWords("CANCELLED by 1000")).toBe("cancelled by user 1000");
  expect(endWords("")).toBe("its job ended");
});

describe("the status of a run that a scheduler has", () => {
  const claim = decodeClaim({ pid: 1, host: "n3", handle: { on: "slurm", job: "41", task: 3 } }, "here");
  const base: Evidence = { claim, life: "elsewhere", headers: 1, end: null, changes: false };
  test.each([
    ["waits", { job: "queued", headers: 0 }, "queued"],
    ["has been put back into the queue", { job: "queued", end: "interrupted", changes: true }, "queued"],
    ["runs, though it was last said to wait", { job: "queued", changes: true }, "running"],
    ["runs", { job: "running" }, "running"],
    ["runs, its log silent for long", { job: "running", quiet: true }, "unknown"],
    ["runs, and loads its data for long", { job: "running", quiet: true, headers: 0 }, "running"],
    ["is of a scheduler nobody has asked", { job: null }, "unknown"],
    ["has finished, and its process said so", { life: "gone", end: "steps", claim: { exit: 0 } }, "finished"],
    ["was killed, and its job is gone", { life: "gone", claim: { ...claim, lost: "OUT_OF_MEMORY" } }, "died"],
    [
      "was cancelled while it waited",
      { life: "gone", headers: 0, claim: { ...claim, lost: "CANCELLED by 0" } },
      "interrupted",
    ],
    [
      "finished, and its last words were lost",
      { life: "gone", end: "steps", claim: { ...claim, lost: "COMPLETED" } },
      "finished",
    ],
  ] as const)("%s", (_what, change, status) => {
    expect(statusFrom({ ...base, ...change })).toBe(status);
  });

  test("is told with its place: the job's, or how that ended", () => {
    expect(placeOf(claim, running, "running")).toEqual({ job: "41_3", says: "on n3 · 1:02:03 left" });
    expect(placeOf(claim, running, "unknown")?.says).toBe("no sign of life from n3");
    expect(placeOf(claim, undefined, "queued")?.says).toBe("job 41_3");
    expect(placeOf({ ...claim, lost: "TIMEOUT" }, undefined, "died")?.says).toBe("reached its time limit");
    expect(placeOf({ ...claim, exit: 0 }, undefined, "finished")).toBeNull();
    expect(placeOf(decodeClaim({ pid: 1 }, "here"), undefined, "running")).toBeNull();
  });
});
