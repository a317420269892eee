"""Parsers of YAML: each reads one node, and refuses a value with its place and the reason.

All problems below a node are in one exception, `Wrong`, with the rest of the value.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from mediacanon.vocabulary import control_characters

LONGEST_CODE = 3

_CONTROL = control_characters(allowed="\n")


class Finding(NamedTuple):
    """A problem of a value; `node` and `key` locate it below that value, their defaults mean the value itself."""

    message: str
    node: yaml.Node | None = None
    key: str = ""

    def within(self, node: yaml.Node, key: str) -> "Finding":
        """Return the same finding, located from one level up."""
        dot = "." if self.key and not self.key.startswith("[") else ""
        return Finding(self.message, self.node or node, f"{key}{dot}{self.key}")


class Wrong(Exception):  # noqa: N818 - never leaves this room
    """A value that is invalid for its key, and the rest of it, `left`: a list without its malformed entries."""

    def __init__(self, *findings: Finding, left: Any = None) -> None:  # noqa: ANN401 - any value of a key
        super().__init__()
        self.findings = findings
        self.left = left


def refused(message: str) -> Wrong:
    """Return the exception for a value, located at that value."""
    return Wrong(Finding(message))


Parse = Callable[[yaml.Node], Any]


def scalar(node: yaml.Node, wanted: str) -> Any:  # noqa: ANN401 - any scalar of YAML
    """Return the value of a scalar. Raises Wrong for any other node."""
    if not isinstance(node, yaml.ScalarNode):
        raise refused(f"must be {wanted}")
    try:
        return yaml.constructor.SafeConstructor().construct_object(node)
    # PyYAML does not check `!!bool x` and `!!float ""`, which raise KeyError and IndexError.
    except (yaml.YAMLError, ValueError, OverflowError, KeyError, IndexError):
        raise refused(f"must be {wanted}, not {node.value[:50]!r}") from None


def text_of(wanted: str, pattern: re.Pattern[str]) -> Parse:
    """Return the parser of a text that matches a pattern, without the blanks around it."""

    def parse(node: yaml.Node) -> str:
        value = scalar(node, wanted)
        if value is None or value == "":
            raise refused(f"is empty; it must be {wanted}")
        if not isinstance(value, str):
            raise refused(f"must be {wanted}; YAML reads {node.value[:50]} as text only in quotes")
        value = value.strip()
        if _CONTROL.search(value) or not pattern.fullmatch(value):
            raise refused(f"must be {wanted}, not {value[:50]!r}")
        return value

    return parse


def one_of(words: tuple[str, ...], spelled: Callable[[str], str] = str.lower) -> Parse:
    """Return the parser of one of these words, in the spelling of `spelled`."""
    wanted = f"one of {', '.join(words)}"

    def parse(node: yaml.Node) -> str:
        value = spelled(str(scalar(node, wanted)))
        if value not in words:
            raise refused(f"must be {wanted}, not {node.value[:50]!r}{suggestion(node.value, words)}")
        return value

    return parse


def number_of(wanted: str, lowest: float, highest: float, *kinds: type) -> Parse:
    """Return the parser of a number within bounds, of one of these types."""

    def parse(node: yaml.Node) -> float:
        value = scalar(node, wanted)
        # The exact type, since True is an int. NaN fails every comparison, so it is out of bounds.
        if type(value) not in kinds or not lowest <= value <= highest:
            raise refused(f"must be {wanted}, not {node.value[:50]!r}")
        return value  # type: ignore[no-any-return]

    return parse


def boolean(node: yaml.Node) -> bool:
    """Return the value of a true or a false. Raises Wrong for any other node."""
    value = scalar(node, "true or false")
    if not isinstance(value, bool):
        raise refused(f"must be true or false, not {node.value[:50]!r}")
    return value


def list_of(parse: Parse, wanted: str, most: int) -> Parse:
    """Return the parser of a list of different entries; a malformed entry is left out of `left`."""

    def parse_list(node: yaml.Node) -> tuple[Any, ...]:
        if not isinstance(node, yaml.SequenceNode):
            raise refused(f"must be a list of {wanted}")
        if len(node.value) > most:
            raise refused(f"has {len(node.value)} entries; {most} is the limit")
        values: dict[Any, int] = {}
        findings = list[Finding]()
        for number, entry in enumerate(node.value, 1):
            try:
                first = values.setdefault(parse(entry), number)
                if first != number:
                    findings.append(Finding(f"repeats entry {first}", entry, f"[{number}]"))
            except Wrong as wrong:
                findings += [finding.within(entry, f"[{number}]") for finding in wrong.findings]
        if findings:
            raise Wrong(*findings, left=tuple(values))
        return tuple(values)

    return parse_list


def one_or_more(parse: Parse, wanted: str, most: int) -> Parse:
    """Return the parser of a value or of a list of them; a malformed entry makes the whole of it malformed."""
    parse_list = list_of(parse, wanted, most)

    def parse_either(node: yaml.Node) -> tuple[Any, ...]:
        if not isinstance(node, yaml.SequenceNode):
            return (parse(node),)
        if not node.value:
            raise refused(f"is empty; it must be a list of {wanted}")
        try:
            return parse_list(node)  # type: ignore[no-any-return]
        except Wrong as wrong:
            raise Wrong(*wrong.findings) from None

    return parse_either


def mapping_of(keys: Mapping[str, Parse], required: tuple[str, ...] = ()) -> Parse:
    """Return the parser of a mapping, with the parser of each of its keys."""

    def parse_mapping(node: yaml.Node) -> dict[str, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise Wrong(Finding(f"must be a mapping with keys such as {next(iter(keys))}", node))
        findings = list[Finding]()
        nodes = dict(_entries(node, keys, findings))
        values: dict[str, Any] = {}
        lost = list[Finding]()
        for key, value in nodes.items():
            try:
                values[key] = keys[key](value)
            except Wrong as wrong:
                values[key] = wrong.left
                (findings if wrong.left is None else lost).extend(each.within(value, key) for each in wrong.findings)
        findings += [Finding("is missing", node, key) for key in required if key not in nodes]
        if findings or lost:
            raise Wrong(*findings, *lost, left=None if findings else values)
        return values

    return parse_mapping


def _entries(
    node: yaml.MappingNode, keys: Mapping[str, Parse], findings: list[Finding]
) -> Iterator[tuple[str, yaml.Node]]:
    """Yield each known key with its value; add unknown and repeated keys to the findings."""
    seen: dict[str, int] = {}
    for key_node, value in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        line = key_node.start_mark.line + 1
        if key not in keys:
            message = f"is no key here{suggestion(key, keys) or '; known are ' + ', '.join(keys)}"
            findings.append(Finding(message, key_node, key[:50]))
        elif key in seen:
            findings.append(Finding(f"is there already, in line {seen[key]}", key_node, key))
        else:
            seen[key] = line
            yield key, value


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return the end of a message that names the nearest known word, the empty text if none is near."""
    by_lower_case = {each.lower(): each for each in known}
    close = difflib.get_close_matches(word.lower(), list(by_lower_case), n=1)
    return f"; did you mean {by_lower_case[close[0]]}?" if close else ""


def code_of(wanted: str, spelled: Callable[[str], str], names: Callable[[], Mapping[str, str]]) -> Parse:
    """Return the parser of a code, or of its name, among the codes of `names`."""

    def parse(node: yaml.Node) -> str:
        text = text_of(wanted, re.compile(r".{1,100}"))(node)
        code = spelled(text)
        if code not in names():
            known = [*names().values(), *names()] if len(text) > LONGEST_CODE else names()
            raise refused(f"must be {wanted}, not {text[:50]!r}{suggestion(text, known)}")
        return code

    return parse
