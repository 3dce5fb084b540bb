"""Every error that move37 raises on purpose. Each message says what was got, what is allowed, and what to do."""

from math import inf


class Move37Error(Exception):
    """Root of all errors that are the user's to mend. The command line prints its message and no traceback."""


class IllegalMove(Move37Error, ValueError):
    """An action that the rules do not allow in this state, or a text that names no action."""


class UnknownName(Move37Error, KeyError):
    """A game, recipe, preset or player that does not exist."""

    def __str__(self) -> str:
        """The message as written: `KeyError` alone would print its `repr`."""
        return str(self.args[0]) if self.args else ""


class BadConfig(Move37Error, ValueError):
    """A configuration value outside of its range."""


class BadRun(Move37Error, RuntimeError):
    """A run directory that cannot be read, written or resumed."""


class MissingExtra(Move37Error, ImportError):
    """An optional package that this feature needs is not installed."""


class WorldFailure(Move37Error, RuntimeError):
    """An environment of others does nothing but crash."""


class GameContract(Move37Error, AssertionError):
    """A game breaks the `Game` protocol; `games.check` says where."""


def check_ranges(prefix: str, config: object, **ranges: tuple[int | float, int | float]) -> None:
    """Field name → (least, most). Raises `BadConfig` for the first value outside; None is an option that is off."""
    for name, (least, most) in ranges.items():
        value = getattr(config, name)
        if value is not None and not least <= value <= most:  # so put that NaN is outside of every range
            allowed = f"{least:g} or more" if most == inf else f"in [{least:g}, {most:g}]"
            raise BadConfig(f"{prefix}{name} is {value}; it must be {allowed}.")
