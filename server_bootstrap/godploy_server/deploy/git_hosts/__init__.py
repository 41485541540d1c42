"""Git hosts: whose SSH host keys are trusted, and what a host shows. Imports contract, state and runtime alone."""
