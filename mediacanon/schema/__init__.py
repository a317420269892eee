"""The GraphQL schema: a file per noun with its type, its edges and its root fields."""
