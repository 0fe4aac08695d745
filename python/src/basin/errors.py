"""What a user can put right: said with what was expected and what to do."""

from __future__ import annotations


class BasinError(ValueError):
    """Bad input, or a model that cannot be measured; the message says why and what to do."""


class NotApplicable(Exception):
    """One reading cannot be taken here; its message is the reason, and everything else goes on."""
