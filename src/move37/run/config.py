"""Configurations as JSON and back: frozen dataclasses, nested, with unions told apart by the class name."""

import dataclasses
import types
import typing
from typing import Any, TypeVar

from move37.core.errors import BadConfig

T = TypeVar("T")
_CLASS = "class"  # the key that names the dataclass


def to_json(config: Any) -> Any:
    """A dataclass as nested dictionaries, lists and scalars."""
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        fields = {f.name: to_json(getattr(config, f.name)) for f in dataclasses.fields(config)}
        return {_CLASS: type(config).__name__, **fields}
    if isinstance(config, list | tuple):
        return [to_json(x) for x in config]
    return config


def from_json(cls: type[T], data: Any, where: str = "config") -> T:
    """The inverse of `to_json`. Raises `BadConfig` for keys that are unknown or missing, and for wrong types."""
    if not isinstance(data, dict):
        raise BadConfig(f"{where} is {data!r}; it must be an object with the fields of {cls.__name__}.")
    hints = typing.get_type_hints(cls)
    fields = {f.name for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(data) - fields - {_CLASS})
    if unknown:
        raise BadConfig(f"{where} has unknown keys {', '.join(unknown)}; known: {', '.join(sorted(fields))}.")
    values = {name: _value(hints[name], data[name], f"{where}.{name}") for name in fields if name in data}
    try:
        return cls(**values)
    except TypeError as error:
        raise BadConfig(f"{where}: {error}.") from error


def _value(hint: Any, data: Any, where: str) -> Any:
    """One field of type `hint`."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _of_union(arguments, data, where)
    if dataclasses.is_dataclass(hint):
        return from_json(hint, data, where)  # type: ignore[arg-type]
    if origin is typing.Literal:
        if data not in arguments:
            raise BadConfig(f"{where} is {data!r}; allowed: {', '.join(map(repr, arguments))}.")
        return data
    if origin is tuple:
        if not isinstance(data, list | tuple):
            raise BadConfig(f"{where} is {data!r}; it must be a list.")
        return tuple(_value(arguments[0], x, where) for x in data)
    if hint is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if not isinstance(data, hint) or (hint is int and isinstance(data, bool)):
        raise BadConfig(f"{where} is {data!r}; it must be of type {hint.__name__}.")
    return data


def _of_union(members: tuple[Any, ...], data: Any, where: str) -> Any:
    if data is None and type(None) in members:
        return None
    classes: dict[str, Any] = {m.__name__: m for m in members if isinstance(m, type) and dataclasses.is_dataclass(m)}
    if classes:
        name = data.get(_CLASS) if isinstance(data, dict) else None
        if name not in classes:
            raise BadConfig(f"{where} is of class {name!r}; allowed: {', '.join(classes)}.")
        return from_json(classes[name], data, where)
    return _value(next(m for m in members if m is not type(None)), data, where)
