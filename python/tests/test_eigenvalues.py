"""Eigenvalues of operators whose own are known, and what error bars and residuals of theirs are worth."""

from __future__ import annotations

import unittest

import torch

import dense  # noqa: F401  (the package's path, one thread)

from basin.basis import Basis
from basin.tracker import Tracker


def operator(values, dtype=torch.float64, seed=0):
    """A matrix with these eigenvalues, and its product, which counts."""
    generator = torch.Generator().manual_seed(seed)
    d = len(values)
    Q = torch.linalg.qr(torch.randn(d, d, dtype=torch.float64, generator=generator))[0]
    A = (Q * torch.as_tensor(values, dtype=torch.float64)) @ Q.t()
    A = ((A + A.t()) / 2).to(dtype)
    count = [0]

    def product(v):
        count[0] += 1
        return A @ v

    return A, product, count


def draw(d, dtype=torch.float64, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return lambda: torch.randn(d, dtype=torch.float64, generator=generator).to(dtype)


class Bases(unittest.TestCase):
    def test_residuals_without_vectors_are_those_with_them(self):
        values = torch.linspace(2, -1, 60) ** 3
        for count, dtype, accuracy in ((1, torch.float64, 1e-11), (3, torch.float64, 1e-11), (3, torch.float32, 2e-5)):
            A, product, _ = operator(values, dtype)
            start = draw(60, dtype)
            basis = Basis([start() for _ in range(count)], 14, product)
            for turn in range(12):
                for end in ("largest", "smallest"):
                    ritz = basis.ritz(count, end)
                    X = basis.combine(ritz.Y[:, :count])
                    own = (X @ A - torch.tensor(ritz.values, dtype=dtype).unsqueeze(1) * X).norm(dim=1)
                    self.assertLess(float((own - torch.tensor(ritz.residuals, dtype=torch.float64)).abs().max()), accuracy * 8, (count, turn, end))
                V = basis.vectors
                self.assertLess(float((V @ V.t() - torch.eye(len(V))).abs().max()), accuracy)
                wanted = basis.ritz(count).Y[:, :count]
                if basis.count + count > basis.most:
                    wanted = basis.restart(5, wanted)
                self.assertTrue(basis.extend(wanted))

    def test_a_basis_that_products_do_not_leave_is_extended_by_what_is_new(self):
        A, product, _ = operator([3.0, 3.0, 3.0, 1.0])
        start = draw(4)
        basis = Basis([start()], 4, product)
        basis.extend(basis.ritz(1).Y[:, :1])
        # Two eigenvalues, one vector each, are all that one vector reaches.
        self.assertFalse(basis.extend(basis.ritz(1).Y[:, :1]))
        self.assertFalse(basis.add(basis.vectors[0] - 2 * basis.vectors[1]))
        self.assertTrue(basis.add(start()))
        self.assertAlmostEqual(basis.ritz(2).values[1], 3.0, places=9)

    def test_an_operator_that_is_not_quite_symmetric_has_it_in_its_residuals(self):
        A, _, _ = operator(torch.linspace(1, 0, 20))
        generator = torch.Generator().manual_seed(3)
        B = A + 1e-3 * torch.randn(20, 20, dtype=torch.float64, generator=generator)
        basis = Basis([draw(20)()], 12, lambda v: B @ v)
        for _ in range(8):
            basis.extend(basis.ritz(1).Y[:, :1])
        ritz = basis.ritz(1)
        x = basis.combine(ritz.Y[:, :1])[0]
        self.assertLess(abs(float((B @ x - ritz.values[0] * x).norm()) / ritz.residuals[0] - 1), 1e-6)


class Trackers(unittest.TestCase):
    def test_both_ends_are_found_in_one_basis_and_their_bars_hold(self):
        for dtype, tolerance in ((torch.float64, 1e-8), (torch.float32, 1e-5)):
            values = torch.cat([torch.tensor([5.0, 4.0]), torch.linspace(1, -1, 80) ** 3, torch.tensor([-1.5])])
            _, product, count = operator(values, dtype)
            tracker = Tracker(2, tolerance, 20)
            for turn in range(6):
                before = count[0]
                search = tracker.search(product, draw(len(values), dtype, turn))
                top, low = search.largest(), search.smallest(tolerance, 5.0)
                for found, wanted in zip([*zip(top.values, top.errors), (low.values[0], low.errors[0])], (5.0, 4.0, -1.5)):
                    rounding = 20 * torch.finfo(dtype).eps * 5
                    self.assertLessEqual(abs(found[0] - wanted), found[1] + rounding)
                    self.assertLess(abs(found[0] - wanted), tolerance * 5 + rounding)
                # From the last reading's vectors there is nothing left to find: they, their guard, and a direction for it.
                if turn:
                    self.assertLessEqual(count[0] - before, 8)

    def test_between_guards_a_product_does_for_a_pair_that_has_not_moved_far(self):
        A, _, _ = operator(torch.cat([torch.tensor([3.0, 2.0]), torch.linspace(1, -1, 60)]))
        noise = torch.randn(62, 62, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
        tracker, counts = Tracker(1, 1e-3), []
        # Falling slowly, then at half of what it was: the gap that was seen no longer says anything.
        for turn, factor in enumerate((1, 0.98, 0.96, 0.94, 0.92, 0.9, 0.45)):
            B, count = factor * A + 1e-4 * turn * (noise + noise.t()), [0]

            def product(v, B=B, count=count):
                count[0] += 1
                return B @ v

            found = tracker.measure(product, draw(62, seed=turn))
            self.assertLessEqual(abs(found.values[0] - float(torch.linalg.eigvalsh(B)[-1])), found.errors[0] + 1e-12)
            counts.append(count[0])
        self.assertEqual(counts[1:4], [1, 1, 1])
        self.assertGreater(counts[4], 1)
        self.assertEqual(counts[5], 1)
        self.assertGreater(counts[6], 1)

    def test_the_guard_finds_an_eigenvalue_that_has_overtaken(self):
        values = torch.cat([torch.tensor([2.0, 0.0]), torch.linspace(1, 0, 40)])
        A, _, _ = operator(values)
        tracker = Tracker(1, 1e-6)
        top = tracker.measure(lambda v: A @ v, draw(42)).vectors[0]
        # A direction without a part along the tracked one grows beyond it.
        other = draw(42, seed=7)()
        other -= (other @ top) * top
        other /= other.norm()
        B = A + 6 * torch.outer(other, other) - torch.outer(A @ other, other) - torch.outer(other, A @ other) + (other @ A @ other) * torch.outer(other, other)
        found = [tracker.measure(lambda v: B @ v, draw(42, seed=9)).values[0] for _ in range(8)]
        self.assertAlmostEqual(found[-1], 6.0, places=4)

    def test_what_is_not_finite_is_nan(self):
        search = Tracker(2, 1e-3).search(lambda v: v * float("nan"), draw(5))
        for found in (search.largest(), search.smallest(1e-3, 0.0)):
            self.assertTrue(all(value != value for value in found.values + found.errors))


if __name__ == "__main__":
    unittest.main()
