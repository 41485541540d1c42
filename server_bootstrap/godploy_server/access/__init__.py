"""Who may do what: organizations, teams, roles, audit."""
