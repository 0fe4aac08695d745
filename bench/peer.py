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


def lenet(n, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    nn = torch.nn
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )
    return net, list(net.parameters()), torch.randn(n, 1, 28, 28), torch.randn(n, 10)


def flat_product(first, params, v):
    """H v with v flat, in NumPy: what SciPy is given."""
    parts, at = [], 0
    for p in params:
        parts.append(torch.as_tensor(v[at : at + p.numel()], dtype=torch.float32).reshape(p.shape))
        at += p.numel()
    return torch.cat([h.reshape(-1) for h in hvp(first, params, parts)]).numpy()


def eigsh_seconds(first, params):
    """
    Cold largest eigenvalue to 1e-3 as a researcher would ask SciPy for it. `first` gives the first derivative with its graph: kept, or
    built anew for every product, as curvlinops' linear operators do, whose documentation shows them with eigsh.
    """
    from scipy.sparse.linalg import LinearOperator, eigsh

    d = sum(p.numel() for p in params)
    counted = [0]

    def apply(v):
        counted[0] += 1
        return flat_product(first(), params, v.ravel())

    start = time.perf_counter()
    value = eigsh(LinearOperator((d, d), matvec=apply, dtype="float32"), k=1, which="LA", tol=1e-3, return_eigenvectors=False)[0]
    return {"seconds": time.perf_counter() - start, "value": float(value), "products": counted[0]}


def power_iteration(first, params, tolerance, most):
    """
    Power iteration until the eigenvalue changes by less than `tolerance` of itself from one product to the next. Yao et al., "PyHessian",
    2020, Algorithm 2, whose documentation has 1e-3 and at most 100 products on a graph that is kept; hessian-eigenthings documents 1e-4
    and builds the graph for every product.
    """
    generator = torch.Generator().manual_seed(1)
    v = [torch.randn(p.shape, generator=generator) for p in params]
    start, value, products = time.perf_counter(), None, 0
    while products < most:
        length = sum((a * a).sum() for a in v).sqrt()
        v = [a / length for a in v]
        product = hvp(first(), params, v)
        products += 1
        before, value = value, float(sum((a * b).sum() for a, b in zip(product, v)))
        v = list(product)
        if before is not None and abs(value - before) < tolerance * abs(before):
            break
    return {"seconds": time.perf_counter() - start, "value": value, "products": products}


def nonuniformity_iteration(net, params, x, y, examples):
    """
    Seconds of one power iteration on (1/n) sum H_i^2 - H^2 by per-example double backward, as the published code does it:
    two Hessian products per example. Timed on `examples` of them and scaled, since the cost of each is the same.
    """
    v = [torch.randn_like(p) for p in params]
    start = time.perf_counter()
    for i in range(examples):
        for _ in range(2):
            loss = torch.nn.functional.mse_loss(net(x[i : i + 1]), y[i : i + 1])
            first = torch.autograd.grad(loss, params, create_graph=True)
            torch.autograd.grad(first, params, grad_outputs=v)
    return (time.perf_counter() - start) / examples * x.shape[0]


def train_steps(net, x, y, times, rate):
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    start = time.perf_counter()
    for _ in range(times):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()
    return time.perf_counter() - start


def main():
    state = {}
    for line in sys.stdin:
        ask = json.loads(line)
        if ask["do"] == "open":
            make = lenet(ask["n"], ask["threads"]) if ask.get("model") == "lenet" else dense_net(ask["widths"], ask["activation"], ask["n"], ask["threads"])
            state["net"] = make
            net, params, x, y = make
            state["v"] = [torch.randn_like(p) for p in params]
            state["first"] = None
            answer = {"torch": torch.__version__, "threads": torch.get_num_threads()}
        else:
            net, params, x, y = state["net"]
            if ask["do"] in ("hvp", "eigsh", "power") and state["first"] is None:
                state["first"] = prepare_hvp(net, params, x, y)
            first = (lambda: prepare_hvp(net, params, x, y)) if ask.get("anew") else (lambda: state["first"])
            start = time.perf_counter()
            if ask["do"] == "gradient":
                gradient(net, params, x, y)
                answer = {"seconds": time.perf_counter() - start}
            elif ask["do"] == "hvp":
                hvp(state["first"], params, state["v"])
                answer = {"seconds": time.perf_counter() - start}
            elif ask["do"] == "steps":
                answer = {"seconds": train_steps(net, x, y, ask["times"], ask["rate"])}
            elif ask["do"] == "eigsh":
                answer = eigsh_seconds(first, params)
            elif ask["do"] == "power":
                answer = power_iteration(first, params, ask["tolerance"], ask["most"])
            elif ask["do"] == "load":
                at = 0
                with torch.no_grad():
                    for p in params:
                        p.copy_(torch.tensor(ask["theta"][at : at + p.numel()]).reshape(p.shape))
                        at += p.numel()
                    x.copy_(torch.tensor(ask["x"]).reshape(x.shape))
                    y.copy_(torch.tensor(ask["y"]).reshape(y.shape))
                state["first"] = None
                answer = {}
            elif ask["do"] == "nonuniformity":
                answer = {"seconds": nonuniformity_iteration(net, params, x, y, ask["examples"])}
            else:
                raise ValueError(ask["do"])
        print(json.dumps(answer), flush=True)


main()
