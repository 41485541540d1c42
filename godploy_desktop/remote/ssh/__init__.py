"""One server reached by SSH: where it is, whom to trust, how to prove who asks, and the tunnel. Imports paramiko."""
