"""HTTP plumbing that knows no title: request ids, origins, bodies, negotiation, entity tags, compression, limits."""
