import asyncio

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from godploy_desktop.ui.widgets import (
    Button,
    CheckBox,
    ConfirmDialog,
    CopyField,
    DialogFrame,
    Form,
    NumberField,
    PasswordField,
    Select,
    TextAreaField,
    TextField,
    open_dialog_of,
)
from godploy_server.contract import check_name
from tests.gui.conftest import named


def check_project_name(value: str) -> None:
    check_name(value, "project")


def test_a_field_says_what_is_wrong_and_forgets_it_once_it_is_right(shown, qtbot):
    field = shown(TextField("Name", hint="Lower case", check=check_project_name))
    qtbot.keyClicks(field.edit, "Shop")
    assert field.error == ""
    assert not field.is_valid()
    assert "lower-case letters" in field.error
    assert field.edit.property("invalid") is True
    field.set_value("shop")
    assert field.error == ""


def test_a_form_checks_every_field_and_goes_to_the_first_that_is_wrong(shown, qtbot):
    first, second = (
        TextField("Project", "shop", check=check_project_name),
        TextField("Service", "-", check=check_project_name),
    )
    number = NumberField("Port", 8080, minimum=1, maximum=65535)
    form = shown(Form(first, second, number))
    form.activateWindow()
    number.set_value("99999")
    assert not form.is_valid()
    assert first.error == ""
    assert second.error
    assert "from 1 to 65535" in number.error
    assert form.focusWidget() is second.edit
    second.set_value("web")
    number.set_value("80")
    assert form.is_valid()
    assert number.number() == 80


def test_a_hidden_field_is_not_judged(shown):
    field = TextField("Name", "NO", check=check_project_name)
    form = shown(Form(field))
    field.hide()
    assert form.is_valid()


def test_a_password_is_hidden_until_it_is_asked_for(shown):
    field = shown(PasswordField("Password"))
    field.set_value(" with spaces ")
    assert field.edit.echoMode() is QLineEdit.EchoMode.Password
    field.set_revealed(True)
    assert field.edit.echoMode() is QLineEdit.EchoMode.Normal
    assert field.value() == " with spaces "


def test_a_select_steps_with_the_keyboard_and_keeps_a_value_that_is_still_offered(shown, qtbot):
    select = shown(Select("Builder", {"dockerfile": "Dockerfile", "static": "Static site"}))
    told = []
    select.changed.connect(lambda: told.append(select.value()))
    qtbot.keyClick(select.box, Qt.Key.Key_Down)
    qtbot.keyClick(select.box, Qt.Key.Key_Down)
    select.set_options({"static": "Static site", "image": "Image"})
    assert told == ["static"]
    assert select.value() == "static"
    select.set_options({"image": "Image"})
    assert select.value() == "image"


def test_tab_leaves_a_text_area(shown, qtbot):
    page = QWidget()
    form = Form(TextAreaField("Variables"), TextField("Name"))
    form.setParent(page)
    shown(page)
    page.activateWindow()
    area, name = form.fields()
    area.setFocus()
    qtbot.keyClick(area.edit, Qt.Key.Key_Tab)
    assert page.focusWidget() is name.edit
    assert area.value() == ""


def test_a_value_is_copied_whole(shown, qapp):
    field = shown(CopyField("ssh-ed25519 AAAA", label="Deploy key"))
    field.copy()
    assert qapp.clipboard().text() == "ssh-ed25519 AAAA"


def test_a_check_box_toggles_with_space(shown, qtbot):
    box = shown(CheckBox("Purge data"))
    qtbot.keyClick(box, Qt.Key.Key_Space)
    assert box.isChecked()


def dialog_in(window: QWidget) -> DialogFrame:
    dialog = DialogFrame(window, "New project", "On fra-1")
    dialog.body.addWidget(TextField("Name"))
    dialog.add_button(Button("Cancel", on_click=dialog.cancel))
    dialog.add_button(Button("Create", on_click=lambda: dialog.close_with("created")), is_primary=True)
    return dialog


def test_a_dialog_answers_to_enter_and_escape_and_gives_the_keyboard_back(shown, qtbot, qapp):
    window = QWidget()
    button = Button("New")
    button.setParent(window)
    shown(window, 800, 600)
    window.activateWindow()
    button.setFocus()
    for key, wanted in ((Qt.Key.Key_Return, "created"), (Qt.Key.Key_Escape, None)):
        dialog = dialog_in(window)
        told = []
        dialog.finished.connect(told.append)
        dialog.open()
        assert open_dialog_of(window) is dialog
        assert isinstance(window.focusWidget(), QLineEdit)
        qtbot.keyClick(window.focusWidget(), key)
        assert told == [wanted]
        assert window.focusWidget() is button
        assert open_dialog_of(window) is None


def test_tab_stays_inside_a_dialog(shown, qtbot):
    window = QWidget()
    outside = Button("Outside")
    outside.setParent(window)
    shown(window, 800, 600)
    window.activateWindow()
    dialog = dialog_in(window)
    dialog.open()
    seen = set()
    for _ in range(12):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        seen.add(window.focusWidget())
        assert dialog.isAncestorOf(window.focusWidget())
    assert len(seen) == 4  # field, close, cancel, create
    dialog.cancel()


def test_a_dialog_follows_the_window_and_fits_into_it(shown, qapp):
    window = shown(QWidget(), 900, 700)
    dialog = dialog_in(window)
    for index in range(40):
        dialog.body.addWidget(TextField(f"Field {index}"))
    dialog.open()
    qapp.processEvents()
    window.resize(500, 400)
    qapp.processEvents()
    assert dialog.size() == window.size()
    assert window.rect().contains(dialog._card.geometry())
    dialog.cancel()


def test_asking_gives_the_answer_and_none_when_it_is_declined(shown, run_async):
    window = shown(QWidget(), 800, 600)

    async def ask_twice() -> list[object]:
        answers = []
        for result in (True, None):
            dialog = dialog_in(window)
            asked = asyncio.ensure_future(dialog.ask())
            await asyncio.sleep(0.02)
            dialog.close_with(result)
            answers.append(await asked)
        return answers

    assert run_async(ask_twice) == [True, None]


def test_a_dialog_closes_when_whoever_asks_is_cancelled(shown, run_async):
    window = shown(QWidget(), 800, 600)

    async def ask_and_cancel() -> None:
        asked = asyncio.ensure_future(dialog_in(window).ask())
        await asyncio.sleep(0.02)
        assert open_dialog_of(window) is not None
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        assert open_dialog_of(window) is None

    run_async(ask_and_cancel)


def test_deleting_asks_for_the_name_and_says_what_is_lost(shown, qtbot):
    window = shown(QWidget(), 800, 600)
    dialog = ConfirmDialog(window, "Delete shop?", "It is removed.", losses=["3 services"], type_name="shop")
    told = []
    dialog.finished.connect(told.append)
    dialog.open()
    assert any(each.text() == "3 services" for each in dialog.findChildren(QWidget) if hasattr(each, "text"))
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Return)
    assert told == []
    qtbot.keyClicks(dialog.name_field.edit, "shop")
    qtbot.mouseClick(named(dialog, Button, "Delete"), Qt.MouseButton.LeftButton)
    assert told == [True]
