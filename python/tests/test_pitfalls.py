"""What breaks second derivatives in real models: handled, or refused with the reason."""

from __future__ import annotations

import tempfile
import unittest
import warnings

import torch
import torch.nn.functional as F
from torch import nn

from dense import Dense

import basin
from basin.quiet import precise
from test_numbers import examples, network, setup, squares


def top(dense: Dense) -> float:
    return float(torch.linalg.eigvalsh(dense.hessian())[-1])


class Attention(nn.Module):
    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.embed = nn.Embedding(7, 4, sparse=True)
        self.mix = nn.MultiheadAttention(4, 2, dropout=dropout, batch_first=True)
        self.out = nn.Linear(4, 3)

    def forward(self, x):
        h = self.embed(x)
        if hasattr(F, "scaled_dot_product_attention"):
            q = h.unsqueeze(1)
            h = h + F.scaled_dot_product_attention(q, q, q).squeeze(1)
        return self.out((h + self.mix(h, h, h, need_weights=False)[0]).mean(1))


class Handled(unittest.TestCase):
    def check(self, model, loss, X, y, reference=None, **more):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            values = basin.measure(model, loss=loss, data=(X, y), probes=["sharpness"], **more)
        with precise():
            wanted = top(reference or Dense(model, loss, X, y))
        self.assertLess(abs(values["sharpness"] - wanted), 1e-3 * wanted)
        return values

    def test_fused_attention_and_sparse_embeddings(self):
        torch.manual_seed(0)
        model = Attention()
        X, y = torch.randint(7, (6, 5)), torch.tensor([0, 1, 2, 0, 1, 2])
        plain = Attention()
        plain.load_state_dict(model.state_dict())
        plain.embed.sparse = False
        reference = Dense(plain, F.cross_entropy, X, y)
        self.check(model, F.cross_entropy, X, y, reference)
        self.check(model.eval(), F.cross_entropy, X, y, reference)
        self.assertTrue(model.embed.sparse)

    def test_an_embeddings_padding_row_is_not_trained_and_stays_out(self):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Embedding(5, 3, padding_idx=0), nn.Flatten(), nn.Tanh(), nn.Linear(6, 3))
        with torch.no_grad():
            model[0].weight.normal_()
        X, y = torch.randint(5, (12, 2)), torch.randint(3, (12,))
        values = basin.measure(model, loss=F.cross_entropy, data=(X, y))
        F.cross_entropy(model(X), y).backward()
        own = torch.cat([p.grad.reshape(-1) for p in model.parameters()])
        self.assertLess(abs(values["gradNorm"] - float(own.norm())), 1e-5)
        free = Dense(model, F.cross_entropy, X, y)
        free.model[0].padding_idx = None
        H = free.hessian()[3:, 3:]
        self.assertLess(abs(values["sharpness"] - float(torch.linalg.eigvalsh(H)[-1])), 1e-3 * values["sharpness"])
        self.assertLess(abs(values["trace"] - float(H.trace())), 1e-3 * abs(values["trace"]))
        parts = free.gauss_newton_parts()[:, 3:, 3:]
        G = parts.mean(0)
        noise = (parts @ parts).mean(0) - G @ G
        for name, wanted in {
            "gaussNewtonSharpness": float(torch.linalg.eigvalsh(G)[-1]),
            "nonuniformity": float(torch.linalg.eigvalsh(noise)[-1]) ** 0.5,
        }.items():
            self.assertLess(abs(values[name] - wanted), 1e-3 * wanted, name)

    def test_dropout_is_off_and_said(self):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 3)).train()
        X, y = examples(F.cross_entropy)
        self.check(model, F.cross_entropy, X, y, Dense(model.eval(), F.cross_entropy, X, y))
        self.assertIn("dropout is off", " ".join(setup(model, F.cross_entropy, (X, y)).notes))

    def test_batch_normalization_says_which_statistics_it_uses(self):
        model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3))
        data = examples(F.cross_entropy)
        self.assertIn("own statistics", " ".join(setup(model, F.cross_entropy, data).notes))
        self.assertIn("running statistics", " ".join(setup(model, F.cross_entropy, data, batch_norm="running").notes))

    def test_shared_weights_count_once(self):
        class Tied(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
                self.b.weight = self.a.weight

            def forward(self, x):
                return self.b(torch.tanh(self.a(x)))

        torch.manual_seed(0)
        model, X = Tied(), torch.randn(8, 4)
        y = torch.randn(8, 4)
        for rung in ((0, 1) if hasattr(torch, "func") else (1,)):
            own = setup(model, squares, (X, y))
            own.rung = rung
            H = Dense(model, F.mse_loss, X, y).hessian()
            v = torch.ones(len(H))
            with precise():
                self.assertLess(float((own.point().hessian(v) - H.sum(1)).norm() / H.sum(1).norm()), 1e-5)
        self.check(model, F.mse_loss, X, y)

    def test_frozen_parameters_and_those_of_no_group_stay_out(self):
        X, y = examples(F.mse_loss)
        model = network()
        model[0].weight.requires_grad_(False)
        reference = Dense(model, F.mse_loss, X, y)
        self.check(model, F.mse_loss, X, y, reference)
        other = network()
        optimizer = torch.optim.SGD([other[0].bias, *other[2].parameters()], lr=0.1)
        values = basin.measure(other, loss=F.mse_loss, data=(X, y), optimizer=optimizer, probes=["sharpness"])
        self.assertLess(abs(values["sharpness"] - top(reference)), 1e-3 * values["sharpness"])
        self.assertTrue(other[0].weight.requires_grad)

    def test_recurrent_nets_fall_to_a_rung_that_works(self):
        class Recurrent(nn.Module):
            def __init__(self):
                super().__init__()
                self.cell, self.out = nn.LSTM(2, 3, batch_first=True), nn.Linear(3, 2)

            def forward(self, x):
                return self.out(self.cell(x)[0][:, -1])

        torch.manual_seed(0)
        X, y = torch.randn(6, 4, 2), torch.randn(6, 2)
        self.check(Recurrent(), F.mse_loss, X, y)

    def test_reentrant_checkpoints(self):
        from torch.utils.checkpoint import checkpoint

        class Saved(nn.Module):
            def __init__(self):
                super().__init__()
                self.net = network()

            def forward(self, x):
                return checkpoint(self.net, x + 0 * self.net[0].weight.sum(), use_reentrant=True)

        X, y = examples(F.mse_loss)
        self.check(Saved(), F.mse_loss, X, y, Dense(network(), F.mse_loss, X, y))

    def test_a_function_without_second_derivative_goes_by_finite_differences(self):
        class Once(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return torch.tanh(x)

            @staticmethod
            @torch.autograd.function.once_differentiable
            def backward(ctx, ct):
                return ct * (1 - torch.tanh(ctx.saved_tensors[0]) ** 2)

        class Act(nn.Module):
            def forward(self, x):
                return Once.apply(x)

        X, y = examples(F.mse_loss)
        model = network(Act())
        self.check(model, F.mse_loss, X, y, Dense(network(), F.mse_loss, X, y))
        own = setup(model, F.mse_loss, (X, y))
        self.assertEqual(own.rung, 2)
        from basin.measuring import take
        from basin.probes import Memory

        read, _ = take(own, "sharpness", Memory(), 60, closing=False)
        self.assertTrue(read.how["sharpness"]["method"].startswith("finite differences"))

    def test_a_backward_pass_that_is_silently_wrong_is_not_believed(self):
        class Cut(torch.autograd.Function):
            """Its backward pass looks differentiable and leaves out how it depends on x."""

            @staticmethod
            def forward(ctx, x):
                ctx.slope = (1 - torch.tanh(x) ** 2).detach()
                return torch.tanh(x)

            @staticmethod
            def backward(ctx, ct):
                return ct * ctx.slope

        class Act(nn.Module):
            def forward(self, x):
                return Cut.apply(x)

        X, y = examples(F.mse_loss)
        model = network(Act())
        with torch.no_grad():
            for p in model.parameters():
                p.mul_(1.5)
        reference = network()
        reference.load_state_dict(model.state_dict())
        wanted = top(Dense(reference, F.mse_loss, X, y))
        values = basin.measure(model, loss=F.mse_loss, data=(X, y), probes=["sharpness"])
        self.assertLess(abs(values["sharpness"] - wanted), 1e-3 * wanted)

    @unittest.skipUnless(hasattr(torch, "compile"), "torch.compile came with PyTorch 2")
    def test_a_compiled_model_is_measured_as_the_original(self):
        X, y = examples(F.mse_loss)
        model = network()
        compiled = torch.compile(model, backend="eager")
        self.check(compiled, F.mse_loss, X, y, Dense(model, F.mse_loss, X, y))

    def test_wrappers_of_several_devices_are_opened(self):
        X, y = examples(F.mse_loss)
        model = network()
        self.check(nn.DataParallel(model), F.mse_loss, X, y, Dense(model, F.mse_loss, X, y))

    def test_weight_normalization_by_hooks_stays(self):
        class Normalized(nn.Module):
            """What weight_norm computes, written out: PyTorch's own has a second derivative that is not symmetric."""

            def __init__(self, net):
                super().__init__()
                self.v, self.bias, self.out = nn.Parameter(net[0].weight.detach().clone()), net[0].bias, net[2]
                self.g = nn.Parameter(self.v.detach().norm(dim=1, keepdim=True))

            def forward(self, x):
                return self.out(torch.tanh(F.linear(x, self.g * self.v / self.v.norm(dim=1, keepdim=True), self.bias)))

        X, y = examples(F.mse_loss)
        model = network()
        reference = Dense(Normalized(network()), F.mse_loss, X, y)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.nn.utils.weight_norm(model[0])
        self.check(model, F.mse_loss, X, y, reference)

    def test_half_precision_models_are_measured_in_float32(self):
        X, y = examples(F.mse_loss)
        model = network().to(torch.bfloat16)
        self.check(model, F.mse_loss, X, y, Dense(model, F.mse_loss, X, y))
        self.assertEqual(model[0].weight.dtype, torch.bfloat16)

    def test_accumulation_and_a_scaler(self):
        class Scaler:
            def get_scale(self):
                return 1024.0

        X, y = examples(F.mse_loss)
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), batch_size=2, shuffle=True)
        with tempfile.TemporaryDirectory() as folder:
            probe = basin.watch(
                model, optimizer, loss=F.mse_loss, data=loader, accumulation=3, scaler=Scaler(), root=folder, closing=0
            )
            for _ in range(7):
                probe.step(torch.tensor(2048.0))
            probe.close()
            from test_runs import events

            lines = events(probe.folder)
            losses = [e for e in lines if "loss.batch" in e.get("values", {})]
            self.assertEqual([(e["step"], e["values"]["loss.batch"]) for e in losses], [(1, 2.0), (2, 2.0)])
        self.assertEqual(setup(model, F.mse_loss, loader, accumulation=3).batch_size, 6)

    def test_no_graph_or_gradient_is_left_behind(self):
        model, data = network(), examples(F.mse_loss)
        basin.measure(model, loss=F.mse_loss, data=data)
        self.assertTrue(all(p.grad is None for p in model.parameters()))
        self.assertTrue(all(p.grad_fn is None for p in model.parameters()))


class Refused(unittest.TestCase):
    def refuse(self, words, model, loss, data, **more):
        with self.assertRaises(basin.BasinError) as caught:
            basin.measure(model, loss=loss, data=data, **more)
        for word in words.split("|"):
            self.assertIn(word, str(caught.exception))

    def test_a_loss_that_does_not_repeat(self):
        class Random(nn.Module):
            def __init__(self):
                super().__init__()
                self.out = nn.Linear(4, 3)

            def forward(self, x):
                return self.out(F.dropout(x, 0.5))

        self.refuse("draws random numbers|training=self.training", Random(), F.mse_loss, examples(F.mse_loss))

    def test_a_loss_that_is_no_mean(self):
        summed = lambda f, y: F.mse_loss(f, y, reduction="sum")  # noqa: E731
        self.refuse("mean over examples|their sum", network(), summed, examples(F.mse_loss))
        each = lambda f, y: F.mse_loss(f, y, reduction="none")  # noqa: E731
        self.refuse("one number", network(), each, examples(F.mse_loss))

    def test_models_in_pieces_that_cannot_be_gathered(self):
        class FullyShardedDataParallel(nn.Module):
            pass

        class DeepSpeedEngine(nn.Module):
            pass

        for kind in (FullyShardedDataParallel, DeepSpeedEngine):
            self.refuse(f"{kind.__name__}|basin.measure", kind(), F.mse_loss, examples(F.mse_loss))

    def test_batches_that_are_no_pair(self):
        X, y = examples(F.mse_loss)
        self.refuse("forward=lambda", network(), F.mse_loss, {"x": X, "y": y})
        forward = lambda model, batch: (model(batch["x"]), batch["y"])  # noqa: E731
        values = basin.measure(network(), loss=F.mse_loss, data={"x": X, "y": y}, forward=forward, probes=["gradient", "noise"])
        self.assertAlmostEqual(values["loss.train"], float(F.mse_loss(network()(X), y)), places=5)

    def test_streams_that_reading_would_use_up(self):
        class Stream(torch.utils.data.IterableDataset):
            def __iter__(self):
                return self

            def __next__(self):
                return torch.zeros(4), torch.zeros(3)

        with self.assertRaisesRegex(basin.BasinError, "take examples away"):
            basin.hold(torch.utils.data.DataLoader(Stream(), batch_size=2), examples=4)

    def test_an_optimizer_of_another_model(self):
        optimizer = torch.optim.SGD(network().parameters(), lr=0.1)
        self.refuse("none of the model's parameters", network(), F.mse_loss, examples(F.mse_loss), optimizer=optimizer)

    def test_a_loss_that_is_not_convex_has_no_factors_and_everything_else(self):
        loss = lambda f, y: torch.sin(f - y).mean()  # noqa: E731
        model, data = network(), examples(F.mse_loss)
        values = basin.measure(model, loss=loss, data=data)
        self.assertNotIn("nonuniformity", values)
        wanted = top(Dense(model, loss, *data))
        self.assertLess(abs(values["sharpness"] - wanted), 1e-3 * wanted)



if __name__ == "__main__":
    unittest.main()
