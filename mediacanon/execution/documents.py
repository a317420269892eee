"""PreparedDocument documents, and the cache of client documents."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
)

from mediacanon.execution.cost import Budget, CostModel
from mediacanon.execution.plans import CompiledDocument

# What the remembered documents may come to in all, about 80 MB. It is counted in characters of text, each of which
# takes 180 bytes as a tree; beside them a document takes 20 KB, and 1.5 KB for every field that its plans hold.
REMEMBERED_SIZE = 400_000
DOCUMENT_SIZE = 100
FIELD_SIZE = 10


@dataclass(slots=True)
class PreparedDocument:
    """A document ready to run, or the errors why it cannot; `plans` live and die with it."""

    text: str
    document: DocumentNode | None
    errors: list[GraphQLError]
    cost_model: CostModel | None = None
    plans: CompiledDocument | None = None
    costs: dict[object, int] = field(default_factory=dict)
    # Its size as last counted by DocumentCache.
    counted: int = 0

    @property
    def size(self) -> int:
        """What it takes in memory, in characters; it grows as its plans are made."""
        return DOCUMENT_SIZE + len(self.text) + FIELD_SIZE * (self.plans.held if self.plans else 0)

    def operation(self, name: str | None = None) -> OperationDefinitionNode | None:
        """Return the operation to run, None when the name does not tell which."""
        return get_operation_ast(self.document, name) if self.document else None

    def budget(self, name: str | None, variables: Mapping[str, Any]) -> Budget | None:
        """Return what the seasons of one run are counted against, None for a document of ours."""
        operation = self.operation(name)
        return Budget(self.cost_model, operation, variables) if self.cost_model and operation else None

    def is_query(self, name: str | None = None) -> bool:
        """Return whether the operation only reads; what cannot be told counts as reading, it will not run."""
        operation = self.operation(name)
        return operation is None or operation.operation is OperationType.QUERY


class DocumentCache:
    """Documents by their text, up to a size in all, the least used forgotten."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, PreparedDocument] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._documents)

    def get(self, text: str) -> PreparedDocument | None:
        """Return the document of a text, None where it is unknown or forgotten."""
        known = self._documents.get(text)
        if known:
            self._documents.move_to_end(text)
        return known

    def add(self, prepared: PreparedDocument) -> None:
        """Remember a document."""
        self._documents[prepared.text] = prepared
        self.count(prepared)

    def count(self, prepared: PreparedDocument) -> None:
        """Count a document anew after it ran, if it is one of these, and forget others that have no room any more."""
        if self._documents.get(prepared.text) is not prepared:
            return
        self.size -= prepared.counted
        prepared.counted = prepared.size
        self.size += prepared.counted
        while self.size > REMEMBERED_SIZE:
            _, forgotten = self._documents.popitem(last=False)
            self.size -= forgotten.counted
