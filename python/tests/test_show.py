"""What a notebook is given of a run: as Basin's renderer takes it, and as HTML that stands by itself."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import tempfile
import types
import unittest
from html.parser import HTMLParser
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as F

import basin
from basin.show import MIME, _limit, events_of, html


class Tags(HTMLParser):
    """Every tag with its attributes; open ones are closed in their order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in ("br", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


def tags(text):
    parser = Tags()
    parser.feed(text)
    parser.close()
    assert parser.open == [], parser.open
    return parser.seen


def trained(case, steps=12):
    torch.manual_seed(0)
    X, y = torch.randn(16, 3), torch.randint(2, (16,))
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.5)
    probe = basin.watch(
        model, optimizer, loss=F.cross_entropy, data=(X, y), batch_size=16, sampling="epochs", drop_last=False,
        every=3, budget=None, probes=["sharpness", "generalization"], closing=0, root=case.folder, name="<b>mine</b>",
    )
    case.addCleanup(probe.close)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X), y)
        loss.backward()
        optimizer.step()
        probe.step(loss)
    return probe


class Show(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = self._folder.name
        self.addCleanup(self._folder.cleanup)
        before = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)

    def test_the_bundle_holds_the_folder_from_here_and_the_log_as_it_stands(self):
        probe = trained(self)
        made = probe._repr_mimebundle_()
        # As a kernel sends it.
        output = json.loads(json.dumps(made[MIME], allow_nan=False))
        self.assertEqual(output["version"], 1)
        self.assertEqual(Path(output["folder"]).resolve(), probe.folder.resolve())
        self.assertFalse(os.path.isabs(output["folder"]))
        lines = [json.loads(line) for line in (probe.folder / "events.jsonl").read_text().splitlines()]
        self.assertEqual(output["snapshot"]["events"], lines)
        self.assertEqual(output["snapshot"]["run"], json.loads((probe.folder / "run.json").read_text()))
        self.assertNotIn("verdict", output["snapshot"])
        (probe.folder / "verdict.json").write_text('{"verdict": "stable", "summary": "Stable & still."}')
        probe.close()
        again = probe._repr_mimebundle_()
        self.assertEqual(again[MIME]["snapshot"]["verdict"]["verdict"], "stable")
        self.assertIn("Stable &amp; still.", again["text/html"])
        self.assertEqual(again[MIME]["snapshot"]["events"][-1]["kind"], "end")

    def test_the_html_is_whole_draws_what_was_read_and_loads_nothing(self):
        probe = trained(self)
        text = probe._repr_mimebundle_()["text/html"]
        seen = tags(text)
        self.assertNotIn("<b>mine", text)
        self.assertEqual([t for t, a in seen if t in ("script", "link", "img", "iframe")], [])
        self.assertNotRegex(text, r"(?i)https?:|url\(|\bon\w+=")
        lines = [a["points"] for t, a in seen if t == "polyline"]
        self.assertEqual(len(lines), 2)
        for points in lines:
            places = [tuple(map(float, one.split(","))) for one in points.split()]
            self.assertGreater(len(places), 1)
            self.assertTrue(all(0 <= x <= 340 and 0 <= y <= 150 for x, y in places))
        sharpness = [e["values"]["sharpness"] for e in events_of(probe.folder / "events.jsonl") if "sharpness" in e.get("values", {})]
        self.assertIn(f"sharpness {sharpness[-1]:.4g}", text)

    def test_the_limit_is_where_descent_on_a_quadratic_begins_to_leave(self):
        for momentum, nesterov in ((0.0, False), (0.6, False), (0.6, True)):
            events = [{"kind": "header", "dynamics": {"momentum": momentum, "nesterov": nesterov, "gain": 1}}]
            limit = _limit(events, {"experiment": {"optimizer": {"learningRate": 0.3}}})
            for factor in (0.98, 1.02):
                x = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
                optimizer = torch.optim.SGD([x], lr=0.3, momentum=momentum, nesterov=nesterov)
                for _ in range(600):
                    optimizer.zero_grad()
                    (0.5 * factor * limit * x**2).sum().backward()
                    optimizer.step()
                self.assertEqual(abs(float(x)) < 1, factor < 1, (momentum, nesterov, factor))

    def test_what_is_not_finite_torn_or_strange_is_left_out(self):
        path = Path(self.folder) / "events.jsonl"
        metric = '{"kind":"metrics","step":%d,"values":{"loss.batch":%s}}'
        lines = [metric % (1, "0.5"), metric % (2, '"NaN"'), metric % (3, "1e-3"), '"text"', "null", '{"kind":"heartbeat","time":1}', '{"kind":"met']
        path.write_text("\n".join(lines))
        events = events_of(path)
        self.assertEqual([e["step"] for e in events], [1, 2, 3])
        self.assertEqual([len(a["points"].split()) for t, a in tags(html({}, events, None)) if t == "polyline"], [2])
        self.assertIn("Nothing has been measured", html({}, [], None))
        self.assertEqual(events_of(Path(self.folder) / "absent"), [])
        path.write_text("\n".join(metric % (i, "1") for i in range(5000)))
        kept = events_of(path)
        self.assertLessEqual(len(kept), 502)
        self.assertEqual([kept[0]["step"], kept[-1]["step"]], [0, 4999])

    def test_a_notebook_is_shown_the_probe_and_a_terminal_is_told_the_folder(self):
        probe = trained(self, steps=2)
        shown = []
        shell = types.ModuleType("IPython")
        shell.get_ipython = lambda: object()
        display = types.ModuleType("IPython.display")
        display.display = shown.append
        with mock.patch.dict(sys.modules, {"IPython": shell, "IPython.display": display}):
            probe.show()
        self.assertEqual(shown, [probe])
        shell.get_ipython = lambda: None
        said = io.StringIO()
        with mock.patch.dict(sys.modules, {"IPython": shell}), contextlib.redirect_stdout(said):
            probe.show()
        self.assertIn(str(probe.folder), said.getvalue())

    def test_ipython_itself_takes_the_bundle(self):
        try:
            from IPython.core.formatters import DisplayFormatter
        except ImportError:
            self.skipTest("IPython is not installed")
        formatter = DisplayFormatter()
        formatter.active_types = [*formatter.active_types, MIME]
        data, _ = formatter.format(trained(self, steps=4))
        self.assertEqual(set(data), {MIME, "text/html", "text/plain"})
        self.assertTrue(re.match(r"Basin run \S+ in ", data["text/plain"]))


if __name__ == "__main__":
    unittest.main()
