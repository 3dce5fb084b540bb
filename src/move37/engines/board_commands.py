"""GTP commands about the board: size, komi, moves, handicap, positions, files, clocks."""

import json
from pathlib import Path

from move37.core.errors import IllegalMove, Move37Error
from move37.data.record import BLACK, WHITE, Setup
from move37.engines import words
from move37.engines.clock import Control
from move37.engines.go_engine import GoEngine
from move37.engines.go_game import read_game
from move37.engines.gtp import GtpError, Handler, shown

_MOST_SECONDS = 10.0**9
_MOST_KOMI = 1000.0
_AREA_RULES = ("tromp-taylor", "chinese", "chinese-ogs", "chinese-kgs", "aga", "bga", "new-zealand", "new_zealand")


class BoardCommands:
    """All of them act on one engine."""

    def __init__(self, engine: GoEngine):
        """What to act on."""
        self.engine = engine

    def table(self) -> dict[str, Handler]:
        """The commands by name."""
        return {
            "boardsize": self.boardsize,
            "rectangular_boardsize": self.boardsize,
            "clear_board": self.clear_board,
            "komi": self.komi,
            "get_komi": lambda _: f"{self.engine.table.komi:g}",
            "play": self.play,
            "undo": self.undo,
            "fixed_handicap": self.fixed_handicap,
            "place_free_handicap": self.place_free_handicap,
            "set_free_handicap": self.set_free_handicap,
            "set_position": self.set_position,
            "loadsgf": self.loadsgf,
            "printsgf": self.printsgf,
            "showboard": self.showboard,
            "time_settings": self.time_settings,
            "kgs-time_settings": self.named_time_settings,
            "kata-time_settings": self.named_time_settings,
            "kata-list_time_settings": lambda _: "none absolute byoyomi canadian fischer",
            "time_left": self.time_left,
            "kata-get-rules": lambda _: json.dumps(self.rules()),
            "kata-set-rules": self.set_rules,
            "kata-set-rule": self.set_rule,
            "kgs-rules": self.set_rules,
        }

    def boardsize(self, given: list[str]) -> str:
        """Only the size that the net was made for. The board is cleared."""
        sizes = [words.whole(given, i, 1, 10**8) for i in range(max(1, len(given)))]
        if len(sizes) > 2 or any(size != self.engine.rules.size for size in sizes):
            raise GtpError("unacceptable size")
        self.engine.clear()
        return ""

    def clear_board(self, _: list[str]) -> str:
        """A new game."""
        self.engine.clear()
        return ""

    def komi(self, given: list[str]) -> str:
        """Also in mid-game."""
        self.engine.table.komi = words.number(given, 0, -_MOST_KOMI, _MOST_KOMI)
        return ""

    def play(self, given: list[str]) -> str:
        """A move of either colour, in turn or not."""
        colour = words.colour(given)
        self.engine.play(colour, words.vertex(given, 1, self.engine.table.point))
        return ""

    def undo(self, _: list[str]) -> str:
        """The last move."""
        self.engine.undo()
        return ""

    def fixed_handicap(self, given: list[str]) -> str:
        """On the points that custom prescribes."""
        size = self.engine.rules.size
        spots = handicap_points(size)
        most = len(spots) if size >= 7 else 0
        if most == 0:
            raise GtpError(f"invalid number of stones: there is no fixed handicap on a board of size {size}")
        return self._handicap(_of_custom(spots, words.whole(given, 0, 2, most)))

    def place_free_handicap(self, given: list[str]) -> str:
        """Where the engine wants them: on the same points. It may place fewer than it was asked for."""
        size = self.engine.rules.size
        count = words.whole(given, 0, 2, max(2, size**2 - 1))
        spots = handicap_points(size)
        if not spots:
            raise GtpError(f"invalid number of stones: no handicap on a board of size {size}")
        return self._handicap(_of_custom(spots, min(count, len(spots))))

    def set_free_handicap(self, given: list[str]) -> str:
        """Where the client wants them."""
        size = self.engine.rules.size
        points = [words.vertex(given, i, self.engine.table.point) for i in range(len(given))]
        if len(points) < 2 or len(set(points)) < len(points) or size**2 in points:
            raise GtpError("bad vertex list: two points or more, each once, and no pass")
        self._handicap(points)
        return ""

    def _handicap(self, points: list[int]) -> str:
        table = self.engine.table
        if table.moves or table.stones.any():
            raise GtpError("board not empty")
        table.set_up(Setup(0, black=tuple(sorted(points)), to_play=WHITE))
        table.handicap = len(points)
        return " ".join(map(table.point.name, points))

    def set_position(self, given: list[str]) -> str:
        """COLOR VERTEX, as often as there are stones. A new game that begins here, with Black to move."""
        table, stones = self.engine.table, {}
        for i in range(0, len(given), 2):
            colour, point = words.colour(given, i), words.vertex(given, i + 1, table.point)
            if point == self.engine.rules.size**2 or point in stones:
                raise GtpError(f"invalid position: {shown(given[i + 1])} twice or no point")
            stones[point] = colour
        black, white = (tuple(sorted(p for p, c in stones.items() if c == colour)) for colour in (BLACK, WHITE))
        if not stones:
            return self.clear_board(given)
        try:
            self.engine.set_up(Setup(0, black=black, white=white, to_play=BLACK))
        except IllegalMove as error:
            raise GtpError(f"invalid position: {error}") from error
        return ""

    def loadsgf(self, given: list[str]) -> str:
        """FILE [MOVE]: the first game of a file, up to but without that move."""
        if not given:
            raise GtpError("cannot load file: expected loadsgf FILE [MOVE_NUMBER]")
        until = None
        if len(given) > 1 and given[-1].isdecimal():
            until, given = words.whole(given, len(given) - 1, 0, 10**6), given[:-1]
        try:
            record = read_game(" ".join(given))
            self.engine.load(record, None if until is None else max(0, until - 1))
        except (Move37Error, OSError, ValueError, RuntimeError) as error:
            raise GtpError(f"cannot load file: {error}") from error
        return ""

    def printsgf(self, given: list[str]) -> str:
        """The game, into a file if one is named."""
        text = self.engine.table.write()
        if not given or given == ["-"]:
            return text.decode()
        try:
            Path(" ".join(given)).expanduser().write_bytes(text)
        except (OSError, ValueError, RuntimeError) as error:
            raise GtpError(f"cannot write file: {error}") from error
        return ""

    def showboard(self, _: list[str]) -> str:
        """For people."""
        table = self.engine.table
        size, marks = self.engine.rules.size, {0: ".", 1: "X", -1: "O"}
        rows = [
            f"{size - row:2d} " + " ".join(marks[int(x)] for x in line)
            for row, line in enumerate(table.stones.reshape(size, size))
        ]
        black, white = table.captures
        side = "Black" if table.player == BLACK else "White"
        about = [
            f"Next player: {side}",
            f"Komi: {table.komi:g}",
            f"Captured by X: {black}, by O: {white}",
        ]
        return "\n".join([f"MoveNum: {len(table.moves)}", "   " + " ".join(_columns(size)), *rows, *about])

    def time_settings(self, given: list[str]) -> str:
        """MAIN OVERTIME STONES in seconds. An overtime for no stones means no limit, as GTP says."""
        main, period = (words.number(given, i, 0.0, _MOST_SECONDS) for i in (0, 1))
        stones = words.whole(given, 2, 0, 10**6)
        self.engine.clock.start(Control() if period > 0 and stones == 0 else Control(main, period, stones))
        return ""

    def named_time_settings(self, given: list[str]) -> str:
        """none; absolute MAIN; byoyomi MAIN PERIOD PERIODS; canadian MAIN PERIOD STONES; fischer MAIN INCREMENT."""
        kind, rest = (given[0].lower() if given else ""), given[1:]
        lengths = {"none": 0, "absolute": 1, "byoyomi": 3, "canadian": 3, "fischer": 2}
        if kind not in lengths:
            raise GtpError(f"unknown time system; there are: {' '.join(lengths)}")
        numbers = [words.number(rest, i, 0.0, _MOST_SECONDS) for i in range(lengths[kind])]
        control = Control()
        if kind in ("absolute", "fischer"):
            control = Control(numbers[0], increment=numbers[1] if kind == "fischer" else 0.0)
        elif kind in ("byoyomi", "canadian"):
            stones = words.whole(rest, 2, 1, 10**6)
            control = Control(numbers[0], numbers[1], stones, byo_yomi=kind == "byoyomi")
        self.engine.clock.start(control)
        return ""

    def time_left(self, given: list[str]) -> str:
        """COLOR SECONDS STONES; 0 stones: main time."""
        colour, seconds = words.colour(given), words.number(given, 1, -_MOST_SECONDS, _MOST_SECONDS)
        self.engine.clock.left[colour] = (seconds, words.whole(given, 2, 0, 10**6))
        return ""

    def rules(self) -> dict[str, object]:
        """The only rules there are, in KataGo's words."""
        fixed = {"scoring": "AREA", "ko": "POSITIONAL", "suicide": self.engine.rules.suicide, "tax": "NONE"}
        return fixed | {"hasButton": False, "friendlyPassOk": False, "whiteHandicapBonus": "0"}

    def set_rules(self, given: list[str]) -> str:
        """Rules that count area are accepted, and played as `kata-get-rules` says. Others are not."""
        text = " ".join(given)
        if text.lower() in _AREA_RULES:
            return ""
        try:
            asked = json.loads(text)
        except (ValueError, RecursionError):
            asked = None
        if isinstance(asked, dict) and str(asked.get("scoring", "")).upper() == "AREA":
            return ""
        raise GtpError(f"unsupported rules: area scoring alone is played ({', '.join(_AREA_RULES[:-1])})")

    def set_rule(self, given: list[str]) -> str:
        """KEY VALUE, if it is so already."""
        rules = self.rules()
        if len(given) != 2 or given[0] not in rules or str(rules[given[0]]).lower() != given[1].lower():
            raise GtpError(f"unsupported rule; the rules are {json.dumps(rules)}")
        return ""


def _columns(size: int) -> list[str]:
    return list("ABCDEFGHJKLMNOPQRST"[:size])


def handicap_points(size: int) -> list[int]:
    """Where handicap stones go: corners, centre, sides; corners alone on even boards and on 7×7. Top left first."""
    if size < 4:
        return []
    near = 3 if size >= 13 else 2 if size >= 7 else 1
    far, middle = size - 1 - near, size // 2
    corners = [(far, near), (near, far), (near, near), (far, far)]  # the two of a diagonal first
    rest = [(middle, middle), (middle, near), (middle, far), (near, middle), (far, middle)]
    return [row * size + column for row, column in corners + (rest if size % 2 and size >= 9 else [])]


def _of_custom(spots: list[int], count: int) -> list[int]:
    """The first `count`; the centre only when their number is odd and 5 or more."""
    if count >= 6 and len(spots) == 9:
        sides = spots[5 : 5 + 2 * ((count - 4) // 2)]
        return spots[:4] + sides + ([spots[4]] if count % 2 else [])
    return spots[:count]
