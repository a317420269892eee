"""The selection below a field: it decides whether children are loaded in bulk at their parent."""

from typing import Any

from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from mediacanon.schema.context import Info


def is_selected(info: Info, name: str) -> bool:
    """Return whether the field's own selection contains `name`, in fragments as well.

    Directives are ignored: loading a field that @skip leaves out costs time, not correctness.
    """
    raw: Any = info._raw_info  # noqa: SLF001 - Strawberry's own view of the selection costs a conversion of it all
    fragments = dict(raw.fragments)
    return any(_names(node.selection_set, name, fragments) for node in raw.field_nodes)


def _names(selection: SelectionSetNode | None, name: str, fragments: dict[str, Any]) -> bool:
    """Search a selection, and each fragment once: it is removed from `fragments`."""
    for node in selection.selections if selection else ():
        match node:
            case FieldNode():
                if node.name.value == name:
                    return True
            case InlineFragmentNode():
                if _names(node.selection_set, name, fragments):
                    return True
            case FragmentSpreadNode():
                # graphql-core 3.3 wraps a fragment's definition with its variables.
                found = fragments.pop(node.name.value, None)
                definition = getattr(found, "definition", found)
                if definition and _names(definition.selection_set, name, fragments):
                    return True
    return False
