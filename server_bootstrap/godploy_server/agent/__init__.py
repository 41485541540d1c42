"""The privileged process: the HTTP API on a unix socket, the event stream, the queue."""
