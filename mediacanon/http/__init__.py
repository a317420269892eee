"""HTTP plumbing that knows no title: ids of requests, origins, bodies, caching headers, compression, limits."""
