"""The file format `safetensors` (https://huggingface.co/docs/safetensors): a JSON header and raw bytes, so that nothing but torch is needed."""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Mapping

import torch

from .files import write_atomic

_NAMES = {torch.float64: "F64", torch.float32: "F32", torch.int64: "I64", torch.uint8: "U8"}


def save(path: Path, tensors: Mapping[str, torch.Tensor], metadata: Mapping[str, str]) -> None:
    """Writes the file whole or not at all. @raises OSError."""
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    chunks: list[bytes] = []
    at = 0
    for name, tensor in tensors.items():
        flat = tensor.detach().cpu().contiguous()
        raw = _bytes(flat)
        header[name] = {"dtype": _NAMES[flat.dtype], "shape": list(flat.shape), "data_offsets": [at, at + len(raw)]}
        chunks.append(raw)
        at += len(raw)
    head = json.dumps(header, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    write_atomic(path, [len(head).to_bytes(8, "little"), head, *chunks])


def _bytes(tensor: torch.Tensor) -> bytes:
    """Little-endian bytes, without NumPy."""
    size = tensor.numel() * tensor.element_size()
    raw = ctypes.string_at(tensor.data_ptr(), size) if size else b""
    if sys.byteorder == "big":
        width = tensor.element_size()
        raw = b"".join(raw[i : i + width][::-1] for i in range(0, len(raw), width))
    return raw
