"""PyTorch's side of the benchmarks: answers one timing request a line, so that both sides alternate in one run."""

import json
import sys
import time

import torch


def dense_net(widths, activation, n, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    layers = []
    for i in range(len(widths) - 1):
        layers.append(torch.nn.Linear(widths[i], widths[i + 1]))
        if i < len(widths) - 2:
            layers.append({"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[activation]())
    net = torch.nn.Sequential(*layers)
    x = torch.randn(n, widths[0])
    y = torch.randn(n, widths[-1])
    return net, list(net.parameters()), x, y


def gradient(net, params, x, y):
    loss = torch.nn.functional.mse_loss(net(x), y)
    return torch.autograd.grad(loss, params)


def prepare_hvp(net, params, x, y):
    """The first derivative's graph, kept: what a careful power iteration does while theta is fixed."""
    loss = torch.nn.functional.mse_loss(net(x), y)
    return torch.autograd.grad(loss, params, create_graph=True)


def hvp(first, params, v):
    return torch.autograd.grad(first, params, grad_outputs=v, retain_graph=True)


def main():
    state = {}
    for line in sys.stdin:
        ask = json.loads(line)
        if ask["do"] == "open":
            state["net"] = dense_net(ask["widths"], ask["activation"], ask["n"], ask["threads"])
            net, params, x, y = state["net"]
            state["v"] = [torch.randn_like(p) for p in params]
            state["first"] = prepare_hvp(net, params, x, y)
            answer = {"torch": torch.__version__, "threads": torch.get_num_threads()}
        else:
            net, params, x, y = state["net"]
            start = time.perf_counter()
            if ask["do"] == "gradient":
                gradient(net, params, x, y)
            elif ask["do"] == "step":
                for _ in range(ask["times"]):
                    with torch.no_grad():
                        pass
                    for p, g in zip(params, gradient(net, params, x, y)):
                        p.data.add_(g, alpha=-ask["rate"])
            else:
                hvp(state["first"], params, state["v"])
            answer = {"seconds": time.perf_counter() - start}
        print(json.dumps(answer), flush=True)


main()
