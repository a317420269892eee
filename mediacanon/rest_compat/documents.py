"""Documents of a dialect, each with the fragments it uses."""

import re
from pathlib import Path

FRAGMENTS = "fragments.graphql"
EXAMPLES = "examples"
_FRAGMENT = re.compile(r"^fragment (\w+) .*?^\}\n", re.MULTILINE | re.DOTALL)
_SPREAD = re.compile(r"\.\.\.(\w+)")


def document_text(folder: Path, name: str) -> str:
    """Return a document of a folder with the fragments that it uses, directly or through other fragments."""
    text, shared = (folder / f"{name}.graphql").read_text(), folder / FRAGMENTS
    found = _FRAGMENT.finditer(shared.read_text()) if shared.exists() else ()
    fragments = {match[1]: match[0] for match in found}
    pending, used = set(_SPREAD.findall(text)), set[str]()
    while pending := pending - used:
        used |= pending
        pending = {name for one in pending for name in _SPREAD.findall(fragments[one])}
    return "\n".join((text, *(fragments[one] for one in sorted(used))))
