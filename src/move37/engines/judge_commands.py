"""GTP commands that judge a position: score, dead stones, the net's own opinion, and what GoGui can draw."""

import json
import time

import numpy as np

from move37.data.record import BLACK
from move37.engines import info, words
from move37.engines.go_engine import GoEngine
from move37.engines.gtp import GtpError, Handler, shown
from move37.games.go import margin_text
from move37.games.go_setup import chain_names
from move37.play.thinker import Snapshot

_GOGUI = (
    "dboard/Ownership by random games/move37-ownership",
    "pspairs/Prior of the net/move37-prior",
    "pspairs/Visits of the last search/move37-visits",
    "string/Value of the last search/move37-value",
    "gfx/Principal variation/move37-gfx",
    "plist/Dead stones/final_status_list dead",
    "string/Final score/final_score",
)
_PARAMETERS = ("maxVisits", "maxTime", "ponderingEnabled", "resignThreshold", "allowResignation")


class JudgeCommands:
    """All of them act on one engine."""

    def __init__(self, engine: GoEngine):
        """Who judges."""
        self.engine = engine

    def table(self) -> dict[str, Handler]:
        """The commands by name."""
        return {
            "final_score": self.final_score,
            "final_status_list": self.final_status_list,
            "kata-raw-nn": self.raw_net,
            "kata-list-params": lambda _: " ".join(_PARAMETERS),
            "kata-get-param": self.get_param,
            "kata-set-param": self.set_param,
            "cputime": lambda _: f"{time.process_time():.3f}",
            "kgs-game_over": lambda _: "",
            "kgs-chat": lambda _: "I only play.",
            "gogui-analyze_commands": lambda _: "\n".join(_GOGUI),
            "move37-ownership": self.ownership,
            "move37-prior": self.prior,
            "move37-visits": self.visits,
            "move37-value": self.value,
            "move37-gfx": self.gfx,
        }

    def final_score(self, _: list[str]) -> str:
        """Area, after the stones were taken off that random games take for dead."""
        return margin_text(self.engine.final_margin())

    def final_status_list(self, given: list[str]) -> str:
        """The chains that are alive or dead, a line each. Seki is seen nowhere: such stones are alive."""
        status = given[0].lower() if given else ""
        if status not in ("alive", "dead", "seki", "black_territory", "white_territory", "dame"):
            raise GtpError(f"invalid status: got {shown(status)!r}, expected alive, dead or seki")
        table, dead = self.engine.table, set(self.engine.dead())
        if status in ("black_territory", "white_territory", "dame"):
            owner = {"black_territory": 1, "white_territory": -1, "dame": 0}[status]
            left = table.stones
            left[list(dead)] = 0
            points = np.flatnonzero((left == 0) & (self.engine.area(left) == owner))
            return " ".join(self._name(int(point)) for point in points)
        names, _ = chain_names(table.stones, table.rules.size)
        chains = [np.flatnonzero(names == name) for name in dict.fromkeys(names[names != 0].tolist())]
        wanted = [chain for chain in chains if status != "seki" and (int(chain[0]) in dead) == (status == "dead")]
        return "\n".join(" ".join(self._name(int(point)) for point in chain) for chain in wanted)

    def raw_net(self, given: list[str]) -> str:
        """SYMMETRY or `all`: what the net says without a search. It has one view of the board, symmetry 0."""
        if given and given[0] not in [*map(str, range(8)), "all"]:
            raise GtpError(f"invalid symmetry: got {shown(given[0])}, expected 0 to 7, or all")
        size = self.engine.rules.size
        prior, value = self.engine.opinion()
        white = info.winrate(-value * self.engine.table.player)
        numbers = {
            "symmetry": 0,
            "whiteWin": f"{white:.6f}",
            "whiteLoss": f"{1 - white:.6f}",
            "noResult": "0.000000",
            "whiteLead": f"{info.lead(2 * white - 1, size):.3f}",
        }
        policy = [f"{share:.6f}" if share > 0 else "NAN" for share in prior]
        owners = [f"{-owner:.7f}" for owner in self.engine.owners()]
        rows = [f"{name} {number}" for name, number in numbers.items()]
        rows += ["policy", info.grid(policy[:-1], size), f"policyPass {policy[-1]}"]
        return "\n".join([*rows, "whiteOwnership", info.grid(owners, size)])

    def get_param(self, given: list[str]) -> str:
        """What `kata-set-param` sets."""
        config, name = self.engine.config, given[0] if given else ""
        values: dict[str, object] = {
            "maxVisits": config.visits if config.visits is not None else 0,
            "maxTime": config.seconds if config.seconds is not None else 0,
            "ponderingEnabled": config.ponder,
            "resignThreshold": config.resign,
            "allowResignation": config.resign > 0,
        }
        if name not in values:
            raise GtpError(f"unknown parameter {shown(name)!r}; there are: {' '.join(_PARAMETERS)}")
        return json.dumps(values[name])

    def set_param(self, given: list[str]) -> str:
        """NAME VALUE; 0 visits or seconds: no limit of that kind."""
        config, name = self.engine.config, given[0] if given else ""
        if name == "maxVisits":
            config.visits = words.whole(given, 1, 0, 10**9) or None
        elif name == "maxTime":
            config.seconds = words.number(given, 1, 0.0, 1e9) or None
        elif name == "ponderingEnabled":
            config.ponder = words.truth(given, 1)
        elif name == "resignThreshold":
            config.resign = words.number(given, 1, 0.0, 0.5)
        elif name == "allowResignation":
            config.resign = (config.resign or 0.05) if words.truth(given, 1) else 0.0
        else:
            self.get_param(given)
        return ""

    def ownership(self, _: list[str]) -> str:
        """For GoGui: from 1 Black to −1 White."""
        return info.grid([f"{x:.2f}" for x in self.engine.owners()], self.engine.rules.size)

    def prior(self, _: list[str]) -> str:
        """For GoGui: in hundredths."""
        prior = self.engine.opinion()[0]
        likely = [int(a) for a in np.argsort(-prior, kind="stable")[:30] if prior[a] >= 0.005]
        return _pairs([(self._name(action), f"{100 * prior[action]:.0f}") for action in likely])

    def visits(self, _: list[str]) -> str:
        """For GoGui."""
        moves = self._snapshot().moves
        return _pairs([(self._name(move.action), str(move.visits)) for move in moves[:30]])

    def value(self, _: list[str]) -> str:
        """For GoGui: who wins."""
        side = "Black" if self.engine.table.player == BLACK else "White"
        return f"{side} wins {100 * info.winrate(self._snapshot().value):.1f} %"

    def gfx(self, _: list[str]) -> str:
        """For GoGui: the line that is expected, and the visits of the moves."""
        moves, name = self._snapshot().moves, self._name
        if not moves:
            return ""
        colours = ["B" if self.engine.table.player == BLACK else "W", "W" if self.engine.table.player == BLACK else "B"]
        line = " ".join(f"{colours[i % 2]} {name(action)}" for i, action in enumerate(moves[0].line))
        labels = " ".join(f"{name(m.action)} {m.visits}" for m in moves[:30] if m.action < self.engine.rules.size**2)
        return f"VAR {line}\nLABEL {labels}"

    def _name(self, action: int) -> str:
        return self.engine.table.point.name(action)

    def _snapshot(self) -> Snapshot:
        self.engine.look()
        return self.engine.thinker.snapshot()


def _pairs(pairs: list[tuple[str, str]]) -> str:
    return "\n".join(f"{name} {value}" for name, value in pairs if name != "pass")
