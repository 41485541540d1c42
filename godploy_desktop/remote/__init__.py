"""Reaching a server: SSH, host keys, the tunnel, the Docker and agent APIs, bootstrap. Imports the contract only."""
