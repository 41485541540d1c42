"""What holds for every test."""

import gc
import signal


def pytest_collection_finish() -> None:
    """Modules stay as long as the run: the cycle collector need not look at all of them again and again."""
    gc.collect()
    gc.freeze()


def pytest_configure() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so would every process of a test that is sent one."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
