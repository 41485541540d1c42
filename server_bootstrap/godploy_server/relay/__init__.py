"""The unprivileged process that the internet may reach. Imports the contract only."""
