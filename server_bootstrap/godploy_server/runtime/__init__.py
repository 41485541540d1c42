"""What starts and stops a release: the Docker Engine API and the pure functions that make its requests."""
