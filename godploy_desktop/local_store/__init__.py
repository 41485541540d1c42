"""What the desktop remembers: servers, caches, settings (SQLite) and secrets (keyring). Imports the contract only."""
