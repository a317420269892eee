"""Documents of a dialect, each with the fragments it uses."""

import re

from mediacanon import paths

DOCUMENTS = paths.PACKAGE / "rest_compat" / "anywatch" / "documents"
FRAGMENTS = "fragments"
_FRAGMENT = re.compile(r"^fragment (\w+) .*?^\}\n", re.MULTILINE | re.DOTALL)
_SPREAD = re.compile(r"\.\.\.(\w+)")


def document_text(name: str) -> str:
    """Return a document with the fragments it uses, and those that they use."""
    text = (DOCUMENTS / f"{name}.graphql").read_text()
    fragments = {match[1]: match[0] for match in _FRAGMENT.finditer((DOCUMENTS / f"{FRAGMENTS}.graphql").read_text())}
    pending, used = set(_SPREAD.findall(text)), set[str]()
    while pending := pending - used:
        used |= pending
        pending = {name for one in pending for name in _SPREAD.findall(fragments[one])}
    return "\n".join((text, *(fragments[one] for one in sorted(used))))
