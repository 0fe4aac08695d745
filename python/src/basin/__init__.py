"""Basin in PyTorch: the training dynamics of your own loop, in a run folder that Basin shows."""

from .callbacks import lightning, transformers
from .errors import BasinError
from .held import Held, hold
from .once import measure
from .resume import resume_state
from .version import __version__
from .probe import Probe
from .watch import watch

__all__ = [
    "BasinError",
    "Held",
    "Probe",
    "__version__",
    "hold",
    "lightning",
    "measure",
    "resume_state",
    "transformers",
    "watch",
]
