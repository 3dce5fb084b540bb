"""A small UCI or USI engine that plays the move its first argument says, or misbehaves; its number goes into a file."""

import os
import sys
import time
from pathlib import Path

HOW, LOG = sys.argv[1], Path(sys.argv[2])


def main() -> None:
    with LOG.open("a") as file:
        file.write(f"{os.getpid()}\n")
    print("A very small engine", flush=True)
    position = ""
    for line in sys.stdin:
        words = line.split()
        if words[0] in ("uci", "usi"):
            print("id name Fake UCI\n\noption name Skill Level type spin default 20 min 0 max 20")
            print("option name Style type combo default Calm var Calm var Very Wild\noption name Ponder type check")
            print(f"{words[0]}ok", flush=True)
        elif words[0] == "isready":
            print("info string ready\nreadyok", flush=True)
        elif words[0] == "quit":
            return
        elif words[0] == "position":
            position = line
        elif words[0] == "go" and HOW == "tells":
            sys.exit("told " + position.partition("moves ")[2])
        elif words[0] == "go" and HOW == "silent":
            time.sleep(600)
        elif words[0] == "go" and HOW == "crash":
            sys.stderr.write("assertion failed: go\n")
            sys.exit(7)
        elif words[0] == "go" and HOW == "endless":
            while True:
                print("info depth 1\n" * 1000)
        elif words[0] == "go":
            print(f"info depth 1 score cp 3 pv {HOW}\nbestmove {HOW} ponder a1a1", flush=True)
            if HOW == "twice":
                print("bestmove e2e4", flush=True)


main()
