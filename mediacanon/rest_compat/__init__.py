"""REST APIs over the GraphQL schema: one mechanism, and a folder for each dialect."""
