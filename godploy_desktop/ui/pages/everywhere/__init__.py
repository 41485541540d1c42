"""What spans servers: all deployments, git sources, the settings of the application."""
