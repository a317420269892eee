"""Prepared documents, and the cache of client documents."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
)

from mediacanon.execution.cost import Budget, CostModel
from mediacanon.execution.specialization import CompiledDocument

# Size of all cached documents together, about 80 MB. The unit is a character of text, which takes 180 bytes as a tree.
# Beside its text a document takes 20 KB, and 1.5 KB for each compiled field.
MAX_CACHE_SIZE = 400_000
DOCUMENT_SIZE = 100
FIELD_SIZE = 10
# Costs of one document that are kept, one for each combination of sizes in its variables.
MAX_COSTS = 64


@dataclass(slots=True)
class PreparedDocument:
    """A document ready to run, or the errors that keep it from running; `compiled` lives and dies with it."""

    text: str
    document: DocumentNode | None
    errors: list[GraphQLError]
    # None for a trusted document, which has no limits.
    cost_model: CostModel | None = None
    compiled: CompiledDocument | None = None
    costs: LRUCache[object, int] = field(default_factory=lambda: LRUCache(MAX_COSTS))
    # By name; under None the only one.
    _operations: Mapping[str | None, OperationDefinitionNode] = field(default_factory=dict, init=False)
    # Size at the last count by the document cache, 0 for a document that it never held.
    counted_size: int = 0

    def __post_init__(self) -> None:
        definitions = self.document.definitions if self.document else ()
        nodes = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
        named: dict[str | None, OperationDefinitionNode] = {node.name.value: node for node in nodes if node.name}
        self._operations = named | {None: nodes[0]} if len(nodes) == 1 else named

    @property
    def size(self) -> int:
        """The document's memory in characters; it grows as the document is compiled."""
        return DOCUMENT_SIZE + len(self.text) + FIELD_SIZE * (self.compiled.size if self.compiled else 0)

    def operation(self, name: str | None = None) -> OperationDefinitionNode | None:
        """Return the operation to run, None where the name selects none or several are left."""
        return self._operations.get(name)

    def budget(self, name: str | None, variables: Mapping[str, Any]) -> Budget | None:
        """Return the cost budget of one run, None for a trusted document."""
        operation = self.operation(name)
        return Budget(self.cost_model, operation, variables) if self.cost_model and operation else None

    def is_query(self, name: str | None = None) -> bool:
        """Return whether the operation only reads. An unknown operation counts as a query: it will not run."""
        operation = self.operation(name)
        return operation is None or operation.operation is OperationType.QUERY


class DocumentCache:
    """Documents by their text, bounded by their total size; the least recently used are evicted."""

    def __init__(self) -> None:
        self._documents: LRUCache[str, PreparedDocument] = LRUCache(MAX_CACHE_SIZE, getsizeof=_count)

    def __len__(self) -> int:
        return len(self._documents)

    @property
    def size(self) -> int:
        """The size of all documents as last counted."""
        return int(self._documents.currsize)

    def get(self, text: str) -> PreparedDocument | None:
        """Return the document of a text, None where it is unknown or evicted."""
        try:
            # `get` looks a key up twice: 0.6 us instead of 0.4.
            return self._documents[text]
        except KeyError:
            return None

    def add(self, prepared: PreparedDocument) -> None:
        """Add a document, unless it alone is larger than the cache."""
        if prepared.size <= MAX_CACHE_SIZE:
            self._documents[prepared.text] = prepared

    def recount(self, prepared: PreparedDocument) -> None:
        """Count a document again after a run that compiled more of it, and evict others to make room."""
        # Most runs are of trusted documents, or compile nothing: they cost no look-up.
        counted = prepared.counted_size
        if counted and counted != prepared.size and self._documents.get(prepared.text) is prepared:
            del self._documents[prepared.text]
            self.add(prepared)


def _count(prepared: PreparedDocument) -> int:
    """Return the size of a document, and note it as counted."""
    prepared.counted_size = prepared.size
    return prepared.counted_size
