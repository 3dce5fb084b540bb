"""A small GTP engine that passes, or misbehaves as its first argument says; its number goes into the second's file."""

import os
import subprocess
import sys
import time
from pathlib import Path

HOW, LOG = sys.argv[1], Path(sys.argv[2])
COMMANDS = ["name", "version", "list_commands", "boardsize", "clear_board", "komi", "play", "genmove", "final_score"]


def say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def genmove(number: int) -> None:
    """The n-th move of a game, from 1."""
    if HOW == "silent":
        time.sleep(600)
    elif HOW == "slow":
        time.sleep(3)
        say("= pass\n\n")
    elif HOW == "crash" and number == 3:
        sys.stderr.write("assertion failed: move 3\n")
        sys.exit(7)
    elif HOW == "killed":
        os.kill(os.getpid(), 9)
    elif HOW == "closes":
        os.close(1)
        time.sleep(600)
    elif HOW == "garbage":
        say("I would play in the corner\n\n")
    elif HOW == "binary":
        sys.stdout.buffer.write(bytes(range(128, 256)) * 3 + b"\n\n")
        sys.stdout.flush()
    elif HOW == "no_move":
        say("= Z99\n\n")
    elif HOW == "empty":
        say("=\n\n")
    elif HOW == "partial":
        say("= pa")
        time.sleep(600)
    elif HOW == "illegal":
        say("= A1\n\n")  # legal once
    elif HOW == "resign":
        say("= resign\n\n")
    elif HOW == "endless":
        while True:
            say("= A1\n" * 1000)
    elif HOW == "one_line":
        while True:
            say("= A1 " * 1000)
    elif HOW == "twice":
        say("= pass\n\n= pass\n\n")
    elif HOW == "pieces":
        for letter in "\r\n= PA":
            say(letter)
            time.sleep(0.01)
        say("SS\r\n\r\n")
    else:
        say("= pass\n\n")


def main() -> None:
    with LOG.open("a") as file:
        file.write(f"{os.getpid()}\n")
    if HOW == "dies_at_once":
        sys.exit(3)
    if HOW == "deaf":
        time.sleep(600)
    if HOW == "greets":
        say("A very small engine\nready\n\n")
    if HOW == "children":
        child = subprocess.Popen(["sleep", "600"])
        with LOG.open("a") as file:
            file.write(f"{child.pid}\n")
    if HOW == "complains":
        sys.stderr.write("nothing is right\n" * 100_000)
        sys.stderr.flush()
    moves = 0
    for line in sys.stdin:
        words = line.split()
        if not words:
            continue
        if words[0] == "quit" and HOW != "stays":
            say("=\n\n")
            return
        if words[0] == "clear_board":
            moves = 0
        if words[0] == "list_commands":
            say("= " + "\n".join(COMMANDS) + "\n\n")
        elif words[0] == "name":
            say("= Fake\n\n")
        elif words[0] == "version":
            say("= 1.0\n\n")
        elif words[0] == "boardsize" and HOW == "no_size":
            say("? unacceptable size\n\n")
        elif words[0] == "play" and HOW == "refuses":
            say("? illegal move\n\n")
        elif words[0] == "final_score":
            say("= B+99.5\n\n")
        elif words[0] == "genmove":
            moves += 1
            if HOW == "flaky" and len(LOG.read_text().split()) == 1:
                sys.exit(1)
            genmove(moves)
        else:
            say("=\n\n")
    if HOW == "stays":
        time.sleep(600)


main()
