from pathlib import Path

from godploy_desktop.local_store.folders import Folders


def test_one_variable_moves_everything(tmp_path):
    folders = Folders.of({"GODPLOY_HOME": str(tmp_path), "XDG_DATA_HOME": "/elsewhere", "HOME": "/home/ada"})
    assert all(each.is_relative_to(tmp_path) for each in (folders.data, folders.config, folders.cache, folders.run))


def test_without_it_the_xdg_folders_are_used():
    folders = Folders.of({"HOME": "/home/ada", "XDG_DATA_HOME": "/data", "XDG_RUNTIME_DIR": "/run/user/1000"})
    assert folders.data == Path("/data/godploy")
    assert folders.config == Path("/home/ada/.config/godploy")
    assert folders.cache == Path("/home/ada/.cache/godploy")
    assert folders.run == Path("/run/user/1000/godploy")


def test_a_relative_xdg_folder_is_ignored_and_sockets_never_go_to_tmp():
    folders = Folders.of({"HOME": "/home/ada", "XDG_DATA_HOME": "data"})
    assert folders.data == Path("/home/ada/.local/share/godploy")
    assert folders.run == Path("/home/ada/.cache/godploy")


def test_folders_are_made_for_their_owner_alone(tmp_path):
    folders = Folders.of({"GODPLOY_HOME": str(tmp_path / "home")})
    folders.make()
    folders.make()
    assert {each.stat().st_mode & 0o777 for each in (folders.data, folders.config, folders.cache, folders.run)} == {
        0o700
    }
