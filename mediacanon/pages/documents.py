"""The GraphQL documents of pages and forms, which lie beside their templates."""

from mediacanon import paths
from mediacanon.execution.executor import Execution
from mediacanon.execution.variables import BoundDocument, bind_document


def bind_page_document(execution: Execution, name: str) -> BoundDocument:
    """Return the document templates/{name}.graphql. Raises ValueError if it does not fit the schema."""
    file = f"{name}.graphql"
    return bind_document(execution, (paths.TEMPLATES / file).read_text(), name=file)
