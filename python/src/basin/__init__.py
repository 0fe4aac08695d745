"""Basin in PyTorch: the training dynamics of your own loop, in a run folder that Basin shows."""

from .errors import BasinError
from .held import Held, hold
from .once import measure
from .version import __version__

__all__ = ["BasinError", "Held", "__version__", "hold", "measure"]
