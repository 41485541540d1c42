"""Projects, the page of one, and making projects and services."""
