"""What a notebook shows of a run: the output that Basin's renderer draws live, and beside it HTML that stands by itself."""

from __future__ import annotations

import json
import math
import os
import sys
from html import escape
from pathlib import Path
from typing import Any, Optional, Sequence

MIME = "application/vnd.basin.run+json"
# Lines of the loop's own numbers that are kept in a notebook; readings are all kept, the whole log is in the run folder.
_LOOP_LINES = 500
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 340, 150, 46, 18, 20
# Seen on white and on black alike; text takes the page's colour.
_BLUE, _RED = "#3b82c4", "#d2503c"

Point = tuple[float, float]


def events_of(log: Path) -> list[dict[str, Any]]:
    """The events of a log that a notebook keeps; a line that is torn is left out. [] where there is none."""
    try:
        lines = log.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    events = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("kind") != "heartbeat":
            events.append(event)
    own = [i for i, event in enumerate(events) if event.get("kind") == "metrics" and "probe" not in event]
    stride = math.ceil(len(own) / _LOOP_LINES) if own else 1
    dropped = {i for k, i in enumerate(own) if k % stride and k != len(own) - 1}
    return [event for i, event in enumerate(events) if i not in dropped]


def bundle(folder: Path, info: dict[str, Any]) -> dict[str, Any]:
    """By type: for Basin's renderer, as HTML for any other, as text."""
    events = events_of(folder / "events.jsonl")
    verdict = _read(folder / "verdict.json")
    snapshot = {"run": info, "events": events, **({} if verdict is None else {"verdict": verdict})}
    return {
        MIME: {"version": 1, "folder": _from_here(folder), "snapshot": snapshot},
        "text/html": html(info, events, verdict),
        "text/plain": f"Basin run {info.get('id')} in {folder}",
    }


def display(run: Any, folder: Path) -> None:
    """Shows it in a notebook; elsewhere says where the run lies."""
    shell = sys.modules.get("IPython")
    if shell is None or shell.get_ipython() is None:
        print(f"Basin run in {folder}")
        return
    from IPython.display import display as show  # type: ignore[import-not-found,unused-ignore]

    show(run)


def _from_here(folder: Path) -> str:
    """From the notebook's folder where that is possible: what is saved names no disk of this machine."""
    try:
        return Path(os.path.relpath(folder)).as_posix()
    except ValueError:
        return str(folder)


def _read(path: Path) -> Optional[dict[str, Any]]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _number(value: Any) -> float:
    """NaN for what is no number; infinities are words in a log."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return math.nan
    try:
        return float(value)
    except ValueError:
        return math.nan


def _series(events: Sequence[dict[str, Any]], metric: str) -> list[Point]:
    points = []
    for event in events:
        values = event.get("values")
        if isinstance(values, dict) and metric in values:
            points.append((_number(event.get("step")), _number(values[metric])))
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def html(info: dict[str, Any], events: Sequence[dict[str, Any]], verdict: Optional[dict[str, Any]]) -> str:
    """Loss, sharpness with its limit, and the last readings: no script, no style sheet, nothing from elsewhere."""
    experiment = info.get("experiment")
    experiment = experiment if isinstance(experiment, dict) else {}
    said = str(verdict.get("summary", "")) if verdict else ""
    loss, batch = _series(events, "loss.train"), _series(events, "loss.batch")
    sharpness = _series(events, "sharpness")
    preconditioned = _series(events, "preconditionedSharpness")
    shown, title = (preconditioned, "preconditioned sharpness") if preconditioned else (sharpness, "sharpness")
    charts = [
        _chart("loss", loss if len(loss) > 1 else batch or loss, log=True),
        _chart(title, shown, limit=_limit(events, info)),
    ]
    last = " · ".join(
        f"{name} {points[-1][1]:.4g}" for name, points in (("loss", loss or batch), (title, shown)) if points
    )
    parts = [
        f"<div><b>{escape(str(experiment.get('name', 'run')))}</b> {escape(str(info.get('id', '')))}</div>",
        f"<div>{escape(said)}</div>" if said else "",
        f"<div>{escape(last)}</div>" if last else "<div>Nothing has been measured yet.</div>",
        f"<div>{''.join(charts)}</div>",
    ]
    return f'<div style="font-family: sans-serif; font-size: 13px; line-height: 1.5">{"".join(parts)}</div>'


def _limit(events: Sequence[dict[str, Any]], info: dict[str, Any]) -> Optional[float]:
    """
    The sharpness at which full-batch descent with momentum β and gain γ leaves: ((2 + 2β)/γ)/η, Nesterov's (2 + 2β)/((1 + 2β)η).
    None where the optimizer has no linear form, or weight decay moves the threshold.
    """
    header = next((event for event in events if event.get("kind") == "header"), {})
    dynamics = header.get("dynamics")
    rates = [y for _, y in _series(events, "learningRate")]
    experiment = info.get("experiment")
    optimizer = experiment.get("optimizer") if isinstance(experiment, dict) else None
    rate = rates[-1] if rates else _number((optimizer or {}).get("learningRate"))
    if not isinstance(dynamics, dict) or not rate > 0 or dynamics.get("weightDecay") or dynamics.get("decoupledDecay"):
        return None
    beta, gain = _number(dynamics.get("momentum", 0)), _number(dynamics.get("gain", 1))
    limit = (2 + 2 * beta) / (gain * rate * (1 + 2 * beta if dynamics.get("nesterov") else 1))
    return limit if math.isfinite(limit) else None


def _chart(title: str, points: Sequence[Point], *, log: bool = False, limit: Optional[float] = None) -> str:
    drawn = [(x, math.log10(y)) for x, y in points if y > 0] if log else list(points)
    if not drawn:
        return ""
    heights = [y for _, y in drawn]
    # A limit far above what was measured would press the curve to the floor.
    near = limit if limit is not None and limit < 4 * max(heights) else None
    low, high = min(heights), max([*heights, *([near] if near is not None else [])])
    if not log:
        low = min(0.0, low)
    left, right = drawn[0][0], max(x for x, _ in drawn)
    across, up = (right - left) or 1.0, (high - low) or 1.0

    def x_of(x: float) -> float:
        return _LEFT + (x - left) / across * (_WIDTH - _LEFT - 8)

    def y_of(y: float) -> float:
        return _HEIGHT - _BOTTOM - (y - low) / up * (_HEIGHT - _BOTTOM - _TOP)

    def word(y: float) -> str:
        return f"{10**y if log else y:.3g}"

    path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in drawn)
    text = 'fill="currentColor" font-size="11"'
    lines = [
        f'<text x="{_LEFT}" y="12" {text}>{escape(title)}{"" if near is None else f", limit {near:.3g}"}</text>',
        f'<text x="{_LEFT - 4}" y="{y_of(high) + 4:.1f}" text-anchor="end" {text}>{word(high)}</text>',
        f'<text x="{_LEFT - 4}" y="{y_of(low):.1f}" text-anchor="end" {text}>{word(low)}</text>',
        f'<text x="{_LEFT}" y="{_HEIGHT - 4}" {text}>{left:g}</text>',
        f'<text x="{_WIDTH - 8}" y="{_HEIGHT - 4}" text-anchor="end" {text}>step {right:g}</text>',
        f'<polyline points="{path}" fill="none" stroke="{_BLUE}" stroke-width="1.5"/>',
    ]
    if near is not None:
        lines.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - 8}" y1="{y_of(near):.1f}" y2="{y_of(near):.1f}" stroke="{_RED}" stroke-dasharray="5 3"/>'
        )
    return f'<svg width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(lines)}</svg>'
