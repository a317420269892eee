"""HTML pages: a table row, a template and a GraphQL document each."""
