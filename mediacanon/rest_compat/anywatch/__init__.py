"""The contract: the REST API of the original MediaCanon, which anywatch and other clients use."""
