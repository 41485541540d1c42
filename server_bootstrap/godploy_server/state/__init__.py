"""The server's memory: SQLite schema, migrations, typed rows, encrypted secrets."""
