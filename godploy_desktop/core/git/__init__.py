"""Git hosts as the window and the command use them: accounts, and what links a service to its repository."""
