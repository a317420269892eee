"""The GraphQL engine: documents, compiled execution, cost and errors. It knows no movie."""
