"""The shape of answers: keys in snake_case, what has no value absent, whole numbers without a fraction."""

import functools
import re
from collections.abc import Mapping
from typing import Any

_HUMP = re.compile(r"(?<=[a-z0-9])[A-Z]")
_PHRASE = re.compile(r"\b[a-z]+(?:[A-Z][a-z]*)+\b")
# Absent when empty; other lists stay, and so do those that a row declares.
OPTIONAL_LISTS = frozenset({"genres", "seasons", "episodes", "languages", "regions"})


@functools.cache
def snake_case(name: str) -> str:
    """Return a GraphQL name as REST has it: startYear is start_year."""
    return _HUMP.sub(lambda hump: f"_{hump[0].lower()}", name)


def in_snake_case(text: str) -> str:
    """Return a sentence with the GraphQL names in it as REST has them."""
    return _PHRASE.sub(lambda name: snake_case(name[0]), text)


def take(data: Any, path: str) -> Any:  # noqa: ANN401 - any JSON
    """Return what stands in the data at a path of fields, with `#` its length; None where the path ends early."""
    for name in path.removeprefix("#").split("."):
        if data is None:
            return None
        data = data[name]
    return len(data) if path.startswith("#") and data is not None else data


def shaped(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return data as an answer has it."""
    kind = type(value)
    if kind is dict:
        return {
            snake_case(name): shaped(one) if type(one) in _NESTED else one
            for name, one in value.items()
            if one is not None and (one != [] or name not in OPTIONAL_LISTS)
        }
    if kind is list:
        return [shaped(one) if type(one) in _NESTED else one for one in value]
    return int(value) if kind is float and value.is_integer() else value


_NESTED = frozenset({dict, list, float})


def answer_of(data: Mapping[str, Any], answer: str | Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    """Return what of the data is the answer, shaped; None where any of it is not there."""
    if isinstance(answer, str):
        return shaped(take(data, answer))
    parts = {name: take(data, path) for name, path in answer.items()}
    return None if None in parts.values() else {name: shaped(one) for name, one in parts.items()}
