from pathlib import Path

from godploy_server.runtime.about import AboutDocker, about_of


def test_what_docker_says_of_itself_is_read():
    said = {
        "ServerVersion": "26.1.5", "DockerRootDir": "/var/lib/docker", "MemTotal": 2**31, "NCPU": 2,
        "CgroupDriver": "systemd", "CgroupVersion": "2",
    }  # fmt: skip
    assert about_of(said) == AboutDocker("26.1.5", Path("/var/lib/docker"), 2**31, 2, "systemd", "2")


def test_what_an_old_docker_leaves_out_has_its_old_meaning():
    about = about_of({"DockerRootDir": ""})
    assert (about.cgroup_driver, about.cgroup_version, about.memory_bytes, about.cores) == ("cgroupfs", "1", 0, 1)
