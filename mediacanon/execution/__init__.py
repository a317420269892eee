"""The GraphQL engine: documents, compiled execution, cost and errors. It knows no field of the schema."""
