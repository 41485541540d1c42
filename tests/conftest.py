"""What holds for every test."""

import gc


def pytest_collection_finish() -> None:
    """Modules stay as long as the run: the cycle collector need not look at all of them again and again."""
    gc.collect()
    gc.freeze()
