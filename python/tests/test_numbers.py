"""Every number against dense matrices in float64."""

from __future__ import annotations

import itertools
import math
import unittest
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn

from dense import Dense

import basin
from basin.descent import describe, inner
from basin.dense_layers import dense_layers
from basin.factors import Factors, gauss_newton_factors
from basin.ladder import LADDER, functional
from basin.measuring import take
from basin.probes import Memory, _sampling_error
from basin.problem import set_up
from basin.quiet import precise
from basin.reading import Deadline
from basin.rows import cotangents, factor_columns, rows as rows_of
from basin.tracker import Tracker


def network(activation: nn.Module = nn.Tanh()) -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 5), activation, nn.Linear(5, 3))


def examples(loss, count: int = 10):
    generator = torch.Generator().manual_seed(2)
    X = torch.randn(count, 4, generator=generator)
    y = torch.randint(3, (count,), generator=generator) if loss is F.cross_entropy else torch.randn(count, 3, generator=generator)
    return X, y


def squares(f, y):
    """F.mse_loss, whose own derivative has no forward rule in PyTorch 2.13."""
    return ((f - y) ** 2).mean()


class Conv(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.norm = nn.BatchNorm2d(2)
        self.out = nn.Linear(2 * 2 * 2, 3)

    def forward(self, x):
        return self.out(torch.tanh(self.norm(self.conv(x.reshape(-1, 1, 4, 4)))).flatten(1))


def setup(model, loss, data, **more):
    options = dict(
        test=None, forward=None, train_size=None, batch_size=None, sampling=None, drop_last=None, batch_norm="batch", memory=None
    )
    return set_up(model, more.pop("optimizer", None), loss=loss, data=data, **{**options, **more})


def rungs():
    return [0, 1, 2] if functional() is not None else [1, 2]


class Products(unittest.TestCase):
    def close(self, got, wanted, tolerance=2e-5):
        self.assertLess(float((got.double() - wanted).norm() / wanted.norm()), tolerance)

    def test_every_rung_of_the_ladder_gives_the_dense_hessian(self):
        for loss, pieces in itertools.product((F.cross_entropy, squares), (10, 3)):
            model, data = network(), examples(loss)
            H = Dense(model, loss, *data).hessian()
            own = setup(model, loss, data)
            own.problem = own.problem.__class__(**{**own.problem.__dict__, "piece": pieces})
            v = torch.randn(H.shape[0], generator=torch.Generator().manual_seed(3))
            for rung, kept in itertools.product(rungs(), (False, True)):
                own.rung = rung
                own.problem = own.problem.__class__(**{**own.problem.__dict__, "kept": kept})
                with self.subTest(loss=loss.__name__, rung=LADDER[rung], kept=kept), precise():
                    point = own.point()
                    for _ in range(2):
                        self.close(point.hessian(v), H @ v.double())

    def test_where_one_piece_after_the_other_has_no_forward_rule_the_ladder_goes_on(self):
        model, data = network(), examples(F.mse_loss)
        own = setup(model, F.mse_loss, data, memory=2000)
        self.assertFalse(own.problem.kept)
        H = Dense(model, F.mse_loss, *data).hessian()
        v = torch.ones(len(H))
        with precise():
            self.close(own.point().hessian(v), H.sum(1))

    def test_gauss_newton_products_and_every_examples_part_are_the_dense_ones(self):
        for loss in (F.cross_entropy, F.mse_loss):
            model, data = network(), examples(loss)
            parts = Dense(model, loss, *data).gauss_newton_parts()
            own = setup(model, loss, data)
            v = torch.randn(parts.shape[1], generator=torch.Generator().manual_seed(3))
            for rung in rungs():
                own.rung = rung
                with self.subTest(loss=loss.__name__, rung=LADDER[rung]), precise():
                    point = own.point()
                    self.close(point.gauss_newton(v), parts.mean(0) @ v.double())
                    self.close(point.gauss_newton_parts(v), torch.einsum("d,mde,e->m", v.double(), parts, v.double()))

    def test_the_tracker_finds_a_double_eigenvalue_and_its_bars_hold(self):
        torch.manual_seed(0)
        Q = torch.linalg.qr(torch.randn(40, 40, dtype=torch.float64))[0]
        w = torch.cat([torch.tensor([3.0, 3.0, 2.5]), torch.linspace(1, -2, 37)]).double()
        A = Q @ torch.diag(w) @ Q.t()
        tracker = Tracker(3, 1e-6)
        found = tracker.measure(lambda v: A @ v, lambda: torch.randn(40, dtype=torch.float64))
        for value, error, wanted in zip(found.values, found.errors, (3.0, 3.0, 2.5)):
            self.assertLessEqual(abs(value - wanted), error + 1e-12)
            self.assertLess(abs(value - wanted), 1e-5)
        count = [0]

        def moved(v):
            count[0] += 1
            return (A + 1e-4 * torch.eye(40, dtype=torch.float64)) @ v

        again = tracker.measure(moved, lambda: torch.randn(40, dtype=torch.float64))
        self.assertAlmostEqual(again.values[0], 3.0001, places=5)
        self.assertLessEqual(count[0], 8)


class Sampling(unittest.TestCase):
    def test_the_error_of_the_non_uniformity_is_the_spread_over_samples(self):
        generator = torch.Generator().manual_seed(4)
        n, m, K, d = 600, 150, 2, 5
        G = torch.randn(n, K, d, dtype=torch.float64, generator=generator) * torch.linspace(2, 0.5, d).double()
        # Examples unlike one another, as after training.
        G *= torch.rand(n, 1, 1, dtype=torch.float64, generator=generator) + 0.3
        values, errors = [], []
        for _ in range(300):
            own = G[torch.randperm(n, generator=generator)[:m]]
            H = torch.einsum("mkd,mke->de", own, own) / m
            w, V = torch.linalg.eigh(H)
            s, influences = Factors(m, K, w, own @ V, None, "", 0.0, 0.0, d).nonuniformity()
            parts = own.transpose(1, 2) @ own
            direct = (parts @ parts).mean(0) - H @ H
            self.assertAlmostEqual(s, float(torch.linalg.eigvalsh(direct)[-1]) ** 0.5, places=9)
            values.append(s)
            errors.append(_sampling_error(influences, n))
        spread = float(torch.tensor(values).std())
        self.assertLess(abs(sum(errors) / len(errors) / spread - 1), 0.2)


class Metrics(unittest.TestCase):
    def near(self, values, name, wanted, relative=1e-3):
        self.assertLess(abs(values[name] - wanted), relative * max(abs(wanted), 1e-6), name)

    def measured(self, model, loss, X, y, dense, **more):
        values = basin.measure(model, loss=loss, data=(X, y), **more)
        H = dense.hessian()
        w = torch.linalg.eigvalsh(H)
        parts = dense.gauss_newton_parts()
        G = parts.mean(0)
        noise = (parts @ parts).mean(0) - G @ G
        own = dense.example_gradients()
        g = own.mean(0)
        covariance = float((own**2).sum(1).mean() - g @ g)
        for name, wanted in {
            "loss.train": float(dense.loss(dense.model(dense.X), dense.y)),
            "gradNorm": float(g.norm()),
            "sharpness": float(w[-1]),
            "eigenvalue.min": float(w[0]),
            "gaussNewtonSharpness": float(torch.linalg.eigvalsh(G)[-1]),
            "gaussNewtonTrace": float(G.trace()),
            "nonuniformity": float(torch.linalg.eigvalsh(noise)[-1]) ** 0.5,
            "trace": float(H.trace()),
            "frobenius": float(H.norm()),
            "noise.trace": covariance,
            "noise.scale": covariance / float(g @ g),
        }.items():
            self.near(values, name, wanted)
        self.assertLessEqual(abs(values["sharpness"] - float(w[-1])), values["sharpness.error"] + 1e-7)
        at, blocks = 0, []
        for module in dense.model.modules():
            size = sum(p.numel() for p in module.parameters(recurse=False))
            if size:
                blocks.append(float(torch.linalg.eigvalsh(H[at : at + size, at : at + size])[-1]))
            at += size
        self.assertEqual(len(values["sharpness.layers"]), len(blocks))
        for got, wanted in zip(values["sharpness.layers"], blocks):
            self.assertLess(abs(got - wanted), 1e-3 * abs(wanted))
        return values

    def test_an_mlp_with_either_loss(self):
        for loss in (F.cross_entropy, F.mse_loss):
            with self.subTest(loss=loss.__name__):
                model, (X, y) = network(), examples(loss)
                dense = Dense(model, loss, X, y)
                values = self.measured(model, loss, X, y, dense, batch_size=2)
                samples = []
                for index in itertools.combinations(range(10), 2):
                    own = Dense(model, loss, X[list(index)], y[list(index)])
                    g = own.gradient()
                    samples.append(float(g @ own.hessian() @ g / (g @ g)))
                self.near(values, "noise.batchSharpness", sum(samples) / len(samples))

    def test_batch_normalization_by_the_batch_ties_the_examples(self):
        torch.manual_seed(1)
        model = Conv()
        X, y = torch.randn(6, 16), torch.tensor([0, 1, 2, 0, 1, 2])
        dense = Dense(model.train(), F.cross_entropy, X, y)
        self.measured(model, F.cross_entropy, X, y, dense)

    def test_batch_normalization_in_pieces_that_the_memory_bound_allows(self):
        torch.manual_seed(1)
        model, X, y = Conv(), torch.randn(6, 16), torch.tensor([0, 1, 2, 0, 1, 2])
        tried = (2**k for k in range(10, 20))
        memory = next(m for m in tried if setup(model, F.cross_entropy, (X, y), memory=m).problem.piece in (3, 4, 5))
        self.assertTrue(any("would take more than memory" in note for note in setup(model, F.cross_entropy, (X, y), memory=memory).notes))
        values = basin.measure(model, loss=F.cross_entropy, data=(X, y), memory=memory, probes=["sharpness"])
        H = sum(Dense(model.train(), F.cross_entropy, X[half], y[half]).hessian() for half in (slice(0, 3), slice(3, 6))) / 2
        self.near(values, "sharpness", float(torch.linalg.eigvalsh(H)[-1]))

    def test_batch_normalization_by_running_statistics(self):
        torch.manual_seed(1)
        model = Conv()
        model(torch.randn(30, 16))
        X, y = torch.randn(6, 16), torch.tensor([0, 1, 2, 0, 1, 2])
        dense = Dense(model.eval(), F.cross_entropy, X, y)
        self.measured(model.train(), F.cross_entropy, X, y, dense, batch_norm="running")
        self.assertTrue(model.training)

    def test_the_preconditioned_sharpness_of_adam_and_rmsprop(self):
        for make, more in (
            (torch.optim.Adam, {"weight_decay": 0.1}),
            (torch.optim.AdamW, {"weight_decay": 0.1}),
            (torch.optim.RMSprop, {"alpha": 0.9}),
        ):
            with self.subTest(optimizer=make.__name__):
                loss = F.cross_entropy
                model, (X, y) = network(), examples(loss)
                optimizer = make(model.parameters(), lr=0.01, **more)
                for _ in range(5):
                    optimizer.zero_grad()
                    loss(model(X), y).backward()
                    optimizer.step()
                H = Dense(model, loss, X, y).hessian()
                roots = []
                for p in model.parameters():
                    state = optimizer.state[p]
                    v = state["square_avg"] if "square_avg" in state else state["exp_avg_sq"] / (1 - 0.999**5)
                    roots.append((v.double().sqrt() + 1e-8).reshape(-1))
                root = torch.cat(roots) ** -0.5
                decay = 0.1 if make is torch.optim.Adam else 0.0
                A = root[:, None] * (H + decay * torch.eye(len(H), dtype=torch.float64)) * root
                values = basin.measure(model, loss=loss, data=(X, y), optimizer=optimizer, probes=["sharpness"])
                wanted = float(torch.linalg.eigvalsh(A)[-1])
                self.near(values, "preconditionedSharpness", wanted)
                self.assertLessEqual(
                    abs(values["preconditionedSharpness"] - wanted), 2 * values["preconditionedSharpness.error"] + 1e-5 * wanted
                )

    def test_groups_of_different_rates_are_judged_at_the_largest(self):
        loss = F.mse_loss
        model, (X, y) = network(), examples(loss)
        optimizer = torch.optim.SGD(
            [{"params": model[0].parameters(), "lr": 0.1}, {"params": model[2].parameters(), "lr": 0.025}], lr=0.1
        )
        values = basin.measure(model, loss=loss, data=(X, y), optimizer=optimizer, probes=["sharpness"])
        ratio = torch.cat([torch.ones(25), torch.full((18,), 0.25)]).double().sqrt()
        H = Dense(model, loss, X, y).hessian()
        self.near(values, "preconditionedSharpness", float(torch.linalg.eigvalsh(ratio[:, None] * H * ratio)[-1]))


    def test_a_schedule_that_begins_or_ends_at_rate_0_freezes_nothing(self):
        loss = F.mse_loss
        model, (X, y) = network(), examples(loss)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
        loss(model(X), y).backward()
        optimizer.step()
        options = dict(loss=loss, data=(X, y), optimizer=optimizer, probes=["sharpness"])
        before = basin.measure(model, **options)
        optimizer.param_groups[0]["lr"] = 0.0
        self.assertEqual(basin.measure(model, **options), before)


    def test_an_optimizer_in_a_wrapper_that_calls_itself_one_is_found(self):
        class Wrapper(torch.optim.Optimizer):
            def __init__(self, optimizer):
                self.optimizer = optimizer

        own = torch.optim.AdamW(network().parameters(), lr=0.01)
        self.assertIs(inner(Wrapper(own)), own)
        self.assertEqual(describe(inner(Wrapper(own))).kind, "adamw")


class FactorFiles(unittest.TestCase):
    def test_the_gram_matrix_is_that_of_the_dense_factors(self):
        loss = F.cross_entropy
        model, data = network(), examples(loss)
        dense = Dense(model, loss, *data)
        J, M = dense.jacobian(), dense.curvatures()
        with precise():
            own = setup(model, loss, data).point()
            (found,) = gauss_newton_factors(own, torch.Generator(), Deadline(60), closing=True)
        self.assertEqual(tuple(found.gram.shape), (30, 30))
        # S_i is known up to a rotation: blocks G_iᵀG_j up to one on either side, so norms are compared.
        for i, j in itertools.product(range(10), repeat=2):
            block = found.gram[3 * i : 3 * i + 3, 3 * j : 3 * j + 3]
            square = float(torch.trace(M[i] @ J[i] @ J[j].t() @ M[j] @ J[j] @ J[i].t()))
            self.assertLess(abs(float(block.norm()) ** 2 - square), 1e-4 * max(square, 1e-3))
        w = torch.linalg.eigvalsh(dense.gauss_newton_parts().mean(0)).flip(0)
        own = torch.linalg.eigvalsh(found.gram).flip(0) / 10
        self.assertLess(float((own[:5] - w[:5]).abs().max() / w[0]), 1e-5)
        self.assertLess(abs(found.sharpness() / float(own[0]) - 1), 1e-12)

    def test_a_gram_matrix_alone_gives_what_coordinates_give(self):
        loss = F.cross_entropy
        model, data = network(), examples(loss)
        with precise():
            own = setup(model, loss, data).point()
            (found,) = gauss_newton_factors(own, torch.Generator(), Deadline(60), closing=True)
        w, U = torch.linalg.eigh(found.gram)
        A = (U * w.clamp(min=0).sqrt()).flip(1).reshape(10, 3, -1)
        other = Factors(10, 3, w.flip(0) / 10, A, None, "", 0.0, 0.0, 30)
        (s, influences), (wanted, their) = found.nonuniformity(), other.nonuniformity()
        self.assertLess(abs(s / wanted - 1), 1e-10)
        self.assertLess(float((influences - their).abs().max() / their.abs().max()), 1e-5)
        self.assertLess(float((found.parts_along_top() - other.parts_along_top()).abs().max() / w[-1]), 1e-6)

    def test_the_sharpest_directions_have_the_dense_eigenvalues_as_coordinates(self):
        loss = F.cross_entropy
        model, data = network(), examples(loss)
        dense = Dense(model, loss, *data)
        from basin import factors as module

        with precise():
            own = setup(model, loss, data).point()
            found = module._sharpest(own, 3, torch.Generator().manual_seed(1), Deadline(60), closing=True, scale=None)
        r = found.coordinates.shape[2]
        A = found.coordinates.flatten(0, 1)
        self.assertLess(float((A.t() @ A / 10 - torch.diag(found.eigenvalues)).abs().max()), 1e-9)
        w = torch.linalg.eigvalsh(dense.gauss_newton_parts().mean(0)).flip(0)[:r]
        self.assertLess(float((found.eigenvalues - w).abs().max() / w[0]), 1e-3)

    def test_a_preconditioner_scales_the_factors(self):
        loss = F.mse_loss
        model, data = network(), examples(loss)
        parts = Dense(model, loss, *data).gauss_newton_parts()
        scale = torch.rand(parts.shape[1], generator=torch.Generator().manual_seed(4)).double() + 0.5
        wanted = torch.linalg.eigvalsh(scale[:, None] * parts.mean(0) * scale).flip(0)
        with precise():
            own = setup(model, loss, data).point()
            (found,) = gauss_newton_factors(own, torch.Generator(), Deadline(60), closing=True, scales=[scale])
        own = torch.linalg.eigvalsh(found.gram).flip(0) / found.m
        self.assertLess(float((own[:4] - wanted[:4]).abs().max() / wanted[0]), 1e-5)


class InPlace(nn.Module):
    """A dense layer whose output is changed in place, and one that a sequence goes through."""

    def __init__(self):
        super().__init__()
        self.first, self.token, self.second = nn.Linear(4, 6), nn.Linear(3, 2), nn.Linear(4, 3)

    def forward(self, x):
        return self.second(self.token(self.first(x).relu_().reshape(-1, 2, 3)).flatten(1))


class Shared(nn.Module):
    """One dense layer applied twice, one whose weight is used beside it too, and one that comes after neither."""

    def __init__(self):
        super().__init__()
        self.twice, self.beside, self.last = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3)

    def forward(self, x):
        x = torch.tanh(self.twice(torch.tanh(self.twice(x))))
        x = self.beside(x) + torch.tanh(x) @ self.beside.weight
        return self.last(torch.tanh(x))


def frozen_bias():
    model = network()
    model[0].bias.requires_grad_(False)
    return model


class DenseLayers(unittest.TestCase):
    def gram(self, model, X, y, loss, dense, piece=None):
        """As rows give it, and as dense layers do without them."""
        with precise():
            made = setup(model, loss, (X, y))
            if piece:
                made.problem = replace(made.problem, piece=piece, kept=False)
            own = made.point()
            found = [one.name for one in dense_layers(own)]
            self.assertEqual(found, dense)
            K = 3
            S = cotangents(own, factor_columns, K, K)
            G = torch.cat([rows for _, rows in rows_of(own, S, 2**20, lambda: False)]).flatten(0, 1).double()
            (factors,) = gauss_newton_factors(own, torch.Generator(), Deadline(60), closing=True)
        self.assertIsNotNone(factors.gram)
        self.assertLess(float((factors.gram - G @ G.t()).norm() / (G @ G.t()).norm()), 1e-6)
        self.assertEqual(float((factors.gram - factors.gram.t()).abs().max()), 0.0)
        wanted = torch.linalg.eigvalsh(Dense(model, loss, X, y).gauss_newton_parts().mean(0))[-1]
        self.assertLess(abs(factors.sharpness() / float(wanted) - 1), 1e-5)

    def test_their_part_of_the_gram_matrix_is_that_of_their_rows(self):
        X, y = examples(F.cross_entropy)
        for make, dense in (
            (network, ["0", "2"]),
            (lambda: network(nn.ReLU(inplace=True)), ["0", "2"]),
            (frozen_bias, ["0", "2"]),
            (InPlace, ["first", "second"]),
            (Shared, ["last"]),
        ):
            for loss in (F.cross_entropy, F.mse_loss):
                torch.manual_seed(4)
                model = make()
                targets = y if loss is F.cross_entropy else examples(loss)[1]
                with self.subTest(model=type(model).__name__, dense=dense, loss=loss.__name__):
                    self.gram(model, X, targets, loss, dense)

    def test_so_it_is_in_pieces_and_beside_convolutions(self):
        torch.manual_seed(4)
        model = nn.Sequential(nn.Unflatten(1, (1, 2, 2)), nn.Conv2d(1, 3, 2), nn.Flatten(), nn.Tanh(), nn.Linear(3, 3))
        X, y = examples(F.cross_entropy)
        self.gram(model, X, y, F.cross_entropy, ["4"])
        self.gram(network(), X, y, F.cross_entropy, ["0", "2"], piece=3)


class Samples(unittest.TestCase):
    def test_the_bar_of_a_sampled_sharpness_covers_the_sharpness_of_all_examples(self):
        loss = F.mse_loss
        model, (X, y) = network(), examples(loss, 400)
        truth = float(torch.linalg.eigvalsh(Dense(model, loss, X, y).hessian())[-1])
        inside = 0
        for seed in range(10):
            held = basin.hold((X, y), examples=100, seed=seed)
            self.assertEqual((held.m, held.total), (100, 400))
            own = setup(model, loss, held)
            read, _ = take(own, "sharpness", Memory(), 60, closing=False)
            error = read.values["sharpness.error"]
            self.assertGreater(error, 0)
            self.assertIn("100 of 400 examples", read.how["sharpness"]["method"])
            self.assertEqual(read.how["sharpness"]["how"], "estimate")
            inside += abs(read.values["sharpness"] - truth) <= 2 * error
        # Two standard errors, about 19 of 20.
        self.assertGreaterEqual(inside, 7)

    def test_divergence_is_a_result(self):
        model, (X, y) = network(), examples(F.mse_loss)
        with torch.no_grad():
            model[0].weight.fill_(float("inf"))
        values = basin.measure(model, loss=F.mse_loss, data=(X, y))
        self.assertTrue(math.isnan(values["sharpness"]))
        self.assertTrue(math.isnan(values["loss.train"]))


if __name__ == "__main__":
    unittest.main()
