"""One measured figure and its limit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement; lower is better. `unit` is `x` for a ratio, else `ms`, `MiB`."""

    name: str
    value: float
    limit: float
    unit: str = "x"

    @property
    def met(self) -> bool:
        """Whether the value keeps within the limit."""
        return self.value <= self.limit

    @property
    def shown(self) -> str:
        """Value with its unit."""
        return f"{self.value:.2f} {self.unit}"

    @property
    def verdict(self) -> str:
        """`met` or `MISSED`."""
        return "met" if self.met else "MISSED"
