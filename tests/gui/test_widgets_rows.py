"""Tiles, folds, rows, switches and files of forms: used by keyboard and by code, without a page around them."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit

from godploy_desktop.ui.widgets import (
    YES,
    Choice,
    ChoiceTiles,
    Disclosure,
    Form,
    PathField,
    RowColumn,
    RowsField,
    SecretField,
    SwitchField,
    TextField,
)
from godploy_server.contract import BadInput

PORTS = (
    RowColumn("port", "Port"),
    RowColumn("protocol", "Protocol", options={"tcp": "TCP", "udp": "UDP"}),
    RowColumn("open", "Open", is_check=True),
)


def ports(**more) -> RowsField:
    return RowsField("Ports", PORTS, name="ports", what="port", **more)


def refuse_empty(text: str) -> None:
    if not text:
        raise BadInput("It is empty", "something is wanted", "Type something")


def test_rows_come_back_as_they_were_put_in(shown):
    field = shown(ports())
    field.set_value("80\ttcp\tyes\n53\tudp\t")
    assert field.value() == "80\ttcp\tyes\n53\tudp\t"
    assert field.findChild(QLineEdit, "ports-port-1").text() == "53"


def test_a_row_in_which_nothing_was_typed_does_not_count(shown, qtbot):
    field = shown(ports())
    changes = []
    field.changed.connect(lambda: changes.append(field.value()))
    QTest.mouseClick(field.findChild(QAbstractButton, "ports-add"), Qt.MouseButton.LeftButton)
    assert field.value() == ""
    QTest.keyClicks(field.findChild(QLineEdit, "ports-port-0"), "80\t")
    assert field.value() == "80\ttcp\t"
    assert changes[-1] == "80\ttcp\t"


def test_a_pasted_tab_does_not_make_a_cell(shown):
    field = shown(ports())
    field.set_value("80\ttcp\t")
    field.findChild(QLineEdit, "ports-port-0").setText("8\t0")
    assert field.value() == "8 0\ttcp\t"


def test_removing_a_row_numbers_the_others_anew(shown, qapp):
    field = shown(ports())
    field.set_value("80\ttcp\t\n81\ttcp\t\n82\tudp\tyes")
    qapp.processEvents()
    field.findChild(QAbstractButton, "ports-remove-1").click()
    assert field.value() == "80\ttcp\t\n82\tudp\tyes"
    assert [each.text() for each in field.findChildren(QLineEdit, "ports-port-1") if each.isVisible()] == ["82"]


def test_what_is_wrong_with_rows_stands_below_them(shown):
    field = shown(ports(check=refuse_empty, hint="Which ports"))
    assert not field.is_valid()
    assert field.error == "Something is wanted"
    field.set_value("80\ttcp\t")
    assert field.error == ""


def test_tiles_are_one_stop_for_tab_and_arrows_choose(shown):
    tiles = shown(ChoiceTiles([Choice(each, "box", each.title()) for each in ("a", "b", "c")], "Which", "tile"))
    chosen = []
    tiles.chosen.connect(chosen.append)
    stops = tiles.findChildren(QAbstractButton)
    assert [each.text() for each in stops if each.focusPolicy() & Qt.FocusPolicy.TabFocus] == ["A"]
    for key in (Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Right, Qt.Key.Key_Home):
        QTest.keyClick(tiles, key)
    assert chosen == ["b", "c", "a"]


def test_a_field_in_a_fold_is_checked_and_unfolded_where_it_is_wrong(shown):
    inner = TextField("Inner", check=refuse_empty)
    fold = Disclosure("More", inner, "more")
    form = shown(Form(TextField("Outer", "x"), fold))
    assert not inner.isVisible()
    assert not form.is_valid()
    assert fold.is_open
    assert inner.isVisible()


def test_a_field_in_a_part_that_is_hidden_is_not_checked(shown):
    part = Form(TextField("Inner", check=refuse_empty))
    form = shown(Form(TextField("Outer", "x"), part))
    part.hide()
    assert form.is_valid()
    part.show()
    assert not form.is_valid()


def test_a_switch_is_yes_or_nothing(shown):
    field = shown(SwitchField("Fetch submodules"))
    assert field.value() == ""
    QTest.keyClick(field.switch, Qt.Key.Key_Space)
    assert field.value() == YES
    assert field.switch.accessibleName() == "Fetch submodules"


def test_a_secret_is_hidden_and_another_one_is_shown_when_made_up(shown):
    made = iter(("first", "second"))
    field = shown(SecretField("Password", generate=lambda: next(made)))
    assert (field.value(), field.is_shown) == ("first", False)
    field.reveal.click()
    assert (field.is_shown, field.reveal.accessibleName()) == (True, "Hide password")
    field.set_revealed(False)
    field.again.click()
    assert (field.value(), field.is_shown) == ("second", True)


def test_a_path_begins_where_it_points_to(shown, tmp_path):
    field = shown(PathField("Folder", picks_folder=True))
    field.set_value(str(tmp_path / "not-yet"))
    dialog = field.open_dialog()
    assert dialog.directory().absolutePath() == str(tmp_path)
    dialog.fileSelected.emit(str(tmp_path))
    dialog.reject()
    assert field.value() == str(tmp_path)
