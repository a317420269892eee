"""The contract of the original MediaCanon: its endpoints, documents and rules."""
