"""PostgreSQL: our own cluster or the operator's server, connection pools, and the schema."""
