"""Small applications for the builders' scenarios; each answers on $PORT with its name, and with ok on /health."""

from pathlib import Path

FOLDER = Path(__file__).parent.parent / "applications"


def application(name: str) -> dict[str, bytes]:
    """The files of one, as `Repository.commit` takes them: an executable's path ends with `*`."""
    found = {}
    for path in sorted((FOLDER / name).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            mark = "*" if path.stat().st_mode & 0o100 else ""
            found[str(path.relative_to(FOLDER / name)) + mark] = path.read_bytes()
    return found
