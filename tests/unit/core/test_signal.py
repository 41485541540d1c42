import logging

from godploy_desktop.core.signal import Signal


def test_an_observer_hears_until_it_disconnects():
    signal, heard = Signal(), []
    disconnect = signal.connect(heard.append)
    signal.emit(1)
    disconnect()
    disconnect()
    signal.emit(2)
    assert heard == [1]


def test_one_failing_observer_does_not_silence_the_next(caplog):
    signal, heard = Signal(), []
    signal.connect(lambda _: 1 / 0)
    signal.connect(heard.append)
    with caplog.at_level(logging.ERROR):
        signal.emit("x")
    assert heard == ["x"]
    assert "ZeroDivisionError" in caplog.text


def test_an_observer_may_disconnect_another_while_it_is_called():
    signal, heard = Signal(), []
    disconnect_later = []
    signal.connect(lambda _: disconnect_later[0]())
    disconnect_later.append(signal.connect(heard.append))
    signal.emit(1)
    assert heard == []
