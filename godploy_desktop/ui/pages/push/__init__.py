"""Parts of a service's Push tab: what deploys by itself, what the git host needs for it, and what it delivered."""
