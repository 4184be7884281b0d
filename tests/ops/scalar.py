"""SPEC.md section 1 in plain Python integers: one neuron, one tick, no numpy, nothing shared."""

from __future__ import annotations

from dataclasses import dataclass


def clip(x: int, bits: int) -> int:
    """sat of 1.2."""
    low, high = (-32768, 32767) if bits == 16 else (-1073741824, 1073741823)
    return max(low, min(x, high))


def nearest(v: int, b: int) -> int:
    """leak_nearest of 1.2; // rounds towards minus infinity like an arithmetic shift."""
    return (v * b + 32768) // 65536


def to_zero(v: int, b: int) -> int:
    """leak_zero of 1.2."""
    size: int = abs(v) * b // 65536
    return size if v >= 0 else -size


def shifted(a: int, f: int) -> int:
    """align of 1.2."""
    if f >= 0:
        return a * (1 << f)
    return (a + (1 << (-f - 1))) // (1 << -f)


def after_idle(v: int, b: int, k: int, *, fires: bool) -> int:
    """The loop of 1.3."""
    p = b
    while k > 0:
        if k % 2 == 1:
            v = nearest(v, p) if fires else to_zero(v, p)
        k //= 2
        p = (p * p + 32768) // 65536
    return v


@dataclass
class Neuron:
    """A neuron's parameters and state."""

    op: str
    bits: int
    beta: int
    alpha: int = 0
    theta: int = 0
    reset: str | None = None
    timing: str | None = None
    compare: str | None = None
    reset_to: int = 0
    v: int = 0
    i: int = 0
    s: int = 0
    most: int = 1
    drops: bool = False
    raised: bool = False
    v_min: int | None = None
    rho: int | None = None
    jump: int = 0
    refractory: int | None = None
    a: int = 0
    wait: int = 0

    @property
    def fires(self) -> bool:
        return self.op in ("lif", "cuba_lif")

    def tick(self, x: int) -> None:
        """Steps 5 to 9 of 1.4."""
        y = x
        if self.op.startswith("cuba"):
            self.i = clip(to_zero(self.i, self.alpha) + x, self.bits)
            y = self.i
        if not self.fires:
            self.v = clip(to_zero(self.v, self.beta) + y, self.bits)
        elif self.wait > 0:
            self.wait -= 1
            self.s = 0
            self.forget()
        else:
            self.run(y)
        if self.v_min is not None and self.v < self.v_min:
            self.v = self.v_min

    def forget(self) -> None:
        """The adaptation of one tick."""
        if self.rho is not None:
            self.a = to_zero(self.a, self.rho)

    def run(self, y: int) -> None:
        """Steps 6 to 9 and 11 of a neuron that does not wait."""
        fired = self.s > 0
        if self.timing == "next-tick" and fired:
            if self.reset == "zero" and not self.drops:
                self.v = self.reset_to
            elif self.reset == "subtract":
                y = y - self.theta
        self.v = clip(nearest(self.v, self.beta) + y, self.bits)
        if self.drops and fired:
            self.v = self.reset_to
        self.forget()
        height = self.theta + self.a
        above = self.v > height if self.compare == "gt" else self.v >= height
        self.s = 1 if above else 0
        while self.s and self.s < self.most and self.v >= (self.s + 1) * self.theta:
            self.s += 1
        if self.timing == "same-tick" and self.s:
            if self.reset == "zero":
                self.v = self.reset_to
            elif self.reset == "subtract":
                lost = height if self.raised else self.s * self.theta
                self.v = clip(self.v - lost, self.bits)
        if self.s:
            self.a = clip(self.a + self.jump, self.bits)
            self.wait = self.refractory or 0
