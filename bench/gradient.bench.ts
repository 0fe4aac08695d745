// Full-batch gradient and staged Hessian product beside PyTorch: a tanh 3072-200-200-10 net and LeNet, 1000 examples each.
import { alternate, machine, ms, openPeer, printRow, timed } from "./harness";
import { lenet, problemOf, threads, wide } from "./problems";

const n = 1000;

async function main(): Promise<void> {
  console.log(`\nmedians of alternating calls, n = ${n}, ${threads} threads each\n${machine()}`);
  console.log("| work | Basin | PyTorch | ratio | aim |\n|---|---|---|---|---|");
  const cases = [
    {
      name: "tanh 3072-200-200-10",
      problem: () => problemOf(wide, [3072], n, 10),
      peer: { widths: [3072, 200, 200, 10], activation: "tanh", n, threads },
      aims: [1, 0.7],
    },
    {
      name: "LeNet 28 × 28",
      problem: () => problemOf(lenet, [1, 28, 28], n, 10),
      peer: { model: "lenet", n, threads },
      aims: [1, NaN],
    },
  ];
  for (const { name, problem, peer: request, aims } of cases) {
    const { curvature, step, normal } = await problem();
    const peer = await openPeer(request);
    const hessian = curvature.hessian();
    const [v, hv] = [normal(curvature.size), new Float32Array(curvature.size)];
    const ask = (what: string) =>
      peer ? async () => (await peer.ask<{ seconds: number }>({ do: what })).seconds : null;
    const gradient = await alternate(() => timed(step), ask("gradient"));
    printRow(
      `gradient, ${name}`,
      { ours: ms(gradient.ours), theirs: ms(gradient.theirs), ratio: gradient.ratio },
      "≤",
      aims[0],
    );
    const product = await alternate(() => timed(() => hessian.apply(v, hv)), ask("hvp"));
    printRow(
      `Hessian product, ${name}`,
      { ours: ms(product.ours), theirs: ms(product.theirs), ratio: product.ratio },
      "≤",
      aims[1],
    );
    peer?.close();
  }
}

void main();
