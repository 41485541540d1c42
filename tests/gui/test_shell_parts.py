from godploy_desktop.core.server_model import ServerModel
from godploy_desktop.remote.connection import ConnectionState
from godploy_desktop.ui.models.route import Route
from godploy_desktop.ui.shell.actions import Action, ActionRegistry
from godploy_desktop.ui.shell.history import History
from godploy_desktop.ui.shell.reachability import reachability


def registry(*titles: str) -> ActionRegistry:
    made = ActionRegistry()
    for title in titles:
        made.add(Action(title, title, "Pages", lambda: None))
    return made


def titles(actions: list[Action]) -> list[str]:
    return [action.title for action in actions]


def test_what_begins_with_the_query_comes_before_what_merely_holds_it():
    actions = registry("Storefront shop", "workshop", "shop", "Settings", "s-h-o-p spelled")
    assert titles(actions.find("shop")) == ["shop", "Storefront shop", "workshop", "s-h-o-p spelled"]


def test_every_word_of_the_query_must_fit_somewhere():
    actions = ActionRegistry()
    actions.add(Action("a", "web", "Services", lambda: None, detail="shop · fra-1"))
    actions.add(Action("b", "web", "Services", lambda: None, detail="blog · fra-1"))
    assert [action.key for action in actions.find("web shop")] == ["a"]
    assert [action.key for action in actions.find("SERVICES")] == ["a", "b"]
    assert actions.find("nothing like it") == []


def test_a_later_action_of_the_same_key_takes_the_place_and_leaves_it_when_removed():
    actions = ActionRegistry()
    ran = []
    actions.add(Action("deploy", "Deploy", "Service", lambda: ran.append("old")))
    remove = actions.add(Action("deploy", "Deploy", "Service", lambda: ran.append("new")))
    assert actions.run("deploy")
    remove()
    assert not actions.run("deploy")
    assert ran == ["new"]


def test_what_a_source_gives_is_asked_for_each_time():
    actions = ActionRegistry()
    names = ["one"]
    actions.add_source(lambda: [Action(name, name, "Servers", lambda: None) for name in names])
    names.append("two")
    assert titles(actions.all()) == ["one", "two"]


def test_an_unlisted_action_works_by_its_key_only():
    actions = ActionRegistry()
    actions.add(Action("palette", "Search", "Window", lambda: None, shortcut="Ctrl+K", is_listed=False))
    assert actions.find("search") == []
    assert actions.run("palette")
    assert titles(actions.with_shortcuts()) == ["Search"]


def test_going_back_and_forward_and_then_elsewhere_forgets_what_lay_ahead():
    history = History()
    first, second, third = Route("dashboard"), Route("servers"), Route("settings")
    for route in (first, second, second):
        history.visit(route)
    assert history.back() == first
    assert not history.can_go_back
    assert history.forward() == second
    history.back()
    history.visit(third)
    assert not history.can_go_forward
    assert history.back() == first
    assert history.back() is None


def model(state: ConnectionState, *, is_live: bool = False) -> ServerModel:
    made = ServerModel()
    made.connection, made.is_live = state, is_live
    return made


def test_servers_are_summed_up_by_what_deserves_attention():
    live = model(ConnectionState.CONNECTED, is_live=True)
    lost = model(ConnectionState.LOST)
    assert reachability([]).title == "No servers yet"
    assert reachability([live, live]).title == "All servers reachable"
    assert reachability([live, lost]).title == "1 server not reachable"
    assert reachability([live, lost]).detail == "1 of 2 connected"
    assert reachability([live, lost, model(ConnectionState.BLOCKED)]).tone == "err"
    assert reachability([live, model(ConnectionState.RECONNECTING)]).title == "Connecting"
