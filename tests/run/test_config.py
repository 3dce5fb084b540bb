"""Configurations go to JSON and come back the same; everything else is refused with the place of the fault."""

import json
from dataclasses import dataclass, field
from typing import Literal

import pytest

from move37.core.errors import BadConfig
from move37.recipes import alphazero
from move37.run.config import from_json, to_json


@dataclass(frozen=True)
class Left:
    size: int = 1


@dataclass(frozen=True)
class Right:
    share: float = 0.5


@dataclass(frozen=True)
class Whole:
    name: str
    kind: Literal["a", "b"] = "a"
    some: tuple[str, ...] = ()
    limit: int | None = None
    on: bool = False
    part: Left | Right = field(default_factory=Left)


@pytest.mark.parametrize(
    "config",
    [
        Whole("x"),
        Whole("x", "b", ("p", "q"), 3, True, Right(1.0)),
        *(alphazero.preset(name, "go_9x9") for name in ("smoke", "laptop", "gpu", "paper")),
    ],
)
def test_there_and_back(config):
    assert from_json(type(config), json.loads(json.dumps(to_json(config)))) == config


def test_a_whole_number_is_a_number():
    back = from_json(Right, {"share": 1})
    assert (back, type(back.share)) == (Right(1.0), float)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], r"config is \[\]; it must be an object with the fields of Whole"),
        ({}, "config: .*missing.*name"),
        ({"name": "x", "nmae": 1}, "config has unknown keys nmae; known: kind, limit, name, on, part, some"),
        ({"name": 3}, "config.name is 3; it must be of type str"),
        ({"name": "x", "kind": "c"}, "config.kind is 'c'; allowed: 'a', 'b'"),
        ({"name": "x", "limit": "3"}, "config.limit is '3'; it must be of type int"),
        ({"name": "x", "limit": True}, "config.limit is True; it must be of type int"),
        ({"name": "x", "on": 1}, "config.on is 1; it must be of type bool"),
        ({"name": "x", "some": "pq"}, "config.some is 'pq'; it must be a list"),
        ({"name": "x", "some": 3}, "config.some is 3; it must be a list"),
        ({"name": "x", "some": [3]}, "config.some is 3; it must be of type str"),
        ({"name": "x", "part": {"size": 1}}, "config.part is of class None; allowed: Left, Right"),
        ({"name": "x", "part": 3}, "config.part is of class None; allowed"),
        ({"name": "x", "part": {"class": "Right", "size": 1}}, "config.part has unknown keys size; known: share"),
        ({"name": "x", "part": {"class": "Left", "size": 1.5}}, "config.part.size is 1.5; it must be of type int"),
    ],
)
def test_faults_are_named_with_their_place(data, says):
    with pytest.raises(BadConfig, match=says):
        from_json(Whole, data)
