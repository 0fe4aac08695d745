"""What keeps a measurement from changing the run: random states, precision, kernels and modes, put back whatever happens."""

from __future__ import annotations

import contextlib
import random
import sys
from typing import Any, Callable, Iterator

import torch


@contextlib.contextmanager
def random_states() -> Iterator[None]:
    """Puts back the random states of PyTorch (CPU, CUDA, MPS), NumPy and Python."""
    numpy = sys.modules.get("numpy")
    python = random.getstate()
    array = numpy.random.get_state() if numpy is not None else None
    cpu = torch.get_rng_state()
    # A CUDA that nobody has used yet stays unused.
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    mps = torch.mps.get_rng_state() if _has_mps() else None
    try:
        yield
    finally:
        random.setstate(python)
        if numpy is not None and array is not None:
            numpy.random.set_state(array)
        torch.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        if mps is not None:
            torch.mps.set_rng_state(mps)


def seed(value: int) -> None:
    """Seeds every generator that `random_states` puts back. (`torch.manual_seed` would also leave a seed waiting for a CUDA not in use.)"""
    random.seed(value)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(value)
    torch.default_generator.manual_seed(value)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(value)


def _has_mps() -> bool:
    return hasattr(torch, "mps") and torch.backends.mps.is_available()


@contextlib.contextmanager
def precise() -> Iterator[None]:
    """
    Full float32 with a graph that can be differentiated twice: autocast, TF32, fused attention, cuDNN's RNNs and reentrant
    checkpoints are off inside, gradients are on even under the script's own `no_grad` or `inference_mode`.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for device in ("cpu", "cuda"):
            if device == "cpu" or torch.cuda.is_available():
                stack.enter_context(torch.autocast(device, enabled=False, dtype=torch.bfloat16))
        stack.enter_context(_no_tf32())
        stack.enter_context(_math_attention())
        stack.enter_context(_direct_checkpoints())
        yield


@contextlib.contextmanager
def _set(get: Callable[[], Any], put: Callable[[Any], None], value: Any) -> Iterator[None]:
    before = get()
    put(value)
    try:
        yield
    finally:
        put(before)


@contextlib.contextmanager
def _no_tf32() -> Iterator[None]:
    precision = _set(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest")
    cudnn = torch.backends.cudnn
    conv = _set(lambda: cudnn.allow_tf32, lambda on: setattr(cudnn, "allow_tf32", on), False)
    # The benchmark mode may choose another kernel, with other rounding, from one product to the next.
    bench = _set(lambda: cudnn.benchmark, lambda on: setattr(cudnn, "benchmark", on), False)
    with precision, conv, bench:
        yield


@contextlib.contextmanager
def _math_attention() -> Iterator[None]:
    """Flash and memory-efficient attention have no second derivative."""
    with contextlib.ExitStack() as stack:
        try:
            from torch.nn.attention import SDPBackend, sdpa_kernel  # 2.3 and later

            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        except ImportError:
            older = getattr(torch.backends.cuda, "sdp_kernel", None)  # 2.0 to 2.2
            if older is not None and hasattr(torch.nn.functional, "scaled_dot_product_attention"):
                stack.enter_context(
                    older(enable_flash=False, enable_mem_efficient=False, enable_math=True)
                )
        mha = getattr(torch.backends, "mha", None)
        if mha is not None:
            stack.enter_context(_set(mha.get_fastpath_enabled, mha.set_fastpath_enabled, False))
        yield


@contextlib.contextmanager
def _direct_checkpoints() -> Iterator[None]:
    """A reentrant checkpoint refuses `torch.autograd.grad`: while measuring, what it wraps is called directly."""
    import torch.utils.checkpoint as checkpoint

    function = getattr(checkpoint, "CheckpointFunction", None)
    if function is None:
        yield
        return
    own = "apply" in vars(function)
    before = vars(function).get("apply")
    function.apply = staticmethod(lambda run, _preserve, *inputs: run(*inputs))
    try:
        yield
    finally:
        if own:
            function.apply = before
        else:
            del function.apply
