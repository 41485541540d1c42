import gc
import threading
from typing import ClassVar

from PySide6.QtCore import QObject

from godploy_desktop.ui.shell.collecting import collect_if_due, collected_here


class Cycle:
    ended_in: ClassVar[list[int]] = []

    def __init__(self):
        self.me = self

    def __del__(self):
        Cycle.ended_in.append(threading.get_ident())


def test_cycles_end_in_the_windows_thread_whatever_other_threads_allocate(qtbot):
    Cycle.ended_in.clear()
    parent = QObject()

    kept = []

    def allocate():
        kept.extend([each] for each in range(200_000))

    with collected_here(parent):
        Cycle()
        worker = threading.Thread(target=allocate)
        worker.start()
        worker.join()
        assert Cycle.ended_in == []
        qtbot.waitUntil(lambda: Cycle.ended_in != [], timeout=10_000)
    assert Cycle.ended_in == [threading.get_ident()]


def test_python_collects_by_itself_again_afterwards(qtbot):
    with collected_here(QObject()):
        assert not gc.isenabled()
    assert gc.isenabled()


def test_nothing_is_collected_before_it_is_due():
    gc.collect()
    Cycle.ended_in.clear()
    gc.disable()
    try:
        Cycle()
        collect_if_due()
        assert Cycle.ended_in == []
    finally:
        gc.enable()
