"""The GraphQL documents of pages and forms, which lie beside their templates."""

from mediacanon import paths
from mediacanon.execution.documents import PreparedDocument
from mediacanon.execution.executor import Execution


def prepare_document(execution: Execution, name: str) -> PreparedDocument:
    """Return the document templates/{name}.graphql. Raises ValueError if it does not fit the schema."""
    file = f"{name}.graphql"
    return execution.prepare_trusted((paths.TEMPLATES / file).read_text(), name=file)
