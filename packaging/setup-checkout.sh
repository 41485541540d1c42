#!/bin/sh
# Makes a checkout usable: virtual environment, pinned dependencies, Qt's system libraries. With the word `tests`
# also the programs that tests use. As root on a Debian family it installs what is missing; elsewhere it names the
# exact command.
set -eu
cd "$(dirname "$0")/.."
say() { printf '%s\n' "$*" >&2; }

apt_install() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "installing from the distribution: $*"
        for attempt in 1 2 3; do
            apt-get update -qq >/dev/null 2>&1 || true
            if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; then
                return 0
            fi
            say "attempt $attempt did not succeed; trying again"
            sleep 2
        done
    fi
    say "Missing from this system. Install it with:"
    say "    sudo apt-get install $*"
    exit 1
}

python=${PYTHON:-python3}
command -v "$python" >/dev/null 2>&1 || apt_install python3 python3-venv
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    say "Godploy needs Python 3.11 or later; $("$python" --version) was found. Name another one: make PYTHON=python3.12"
    exit 1
}
if [ ! -x .venv/bin/python ] || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null || apt_install python3-venv
    rm -rf .venv
    "$python" -m venv .venv
fi

wanted=$(cat pyproject.toml constraints.txt | cksum)
if [ "$(cat .venv/.installed 2>/dev/null || true)" != "$wanted" ]; then
    say "installing Python packages into .venv"
    for attempt in 1 2 3; do
        if .venv/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'; then
            printf '%s\n' "$wanted" >.venv/.installed
            break
        fi
        [ "$attempt" = 3 ] && { say "The packages could not be installed; see above. Run the same command again."; exit 1; }
        say "attempt $attempt did not succeed; trying again"
        sleep 3
    done
fi

# Qt loads these at run time; the wheel does not bring them.
if [ ! -e .venv/.qt-loads ] && ! QT_QPA_PLATFORM=offscreen .venv/bin/python -c \
    'from PySide6.QtWidgets import QApplication; QApplication([])' >/dev/null 2>&1; then
    apt_install libgl1 libegl1 libxkbcommon0 libfontconfig1 libdbus-1-3 libglib2.0-0 \
        libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0
fi
touch .venv/.qt-loads

# What only tests use; without it they name themselves as not run, so nothing of this is fatal.
[ "${1:-}" = tests ] || exit 0
missing=
command -v git >/dev/null 2>&1 || missing="$missing git"
command -v ssh-keygen >/dev/null 2>&1 || missing="$missing openssh-client"
command -v shellcheck >/dev/null 2>&1 || missing="$missing shellcheck"
command -v git-lfs >/dev/null 2>&1 || missing="$missing git-lfs"
command -v zstd >/dev/null 2>&1 || missing="$missing zstd"
command -v zsh >/dev/null 2>&1 || missing="$missing zsh"
command -v fish >/dev/null 2>&1 || missing="$missing fish"
[ -x /usr/sbin/sshd ] || missing="$missing openssh-server"
[ -n "$missing" ] || exit 0
policy=/usr/sbin/policy-rc.d
case $missing in
*openssh-server*)
    # Tests start an sshd of their own; the one of this computer must not begin to listen because of them.
    if [ "$(id -u)" = 0 ] && [ ! -e $policy ]; then
        trap 'rm -f $policy' EXIT
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod 755 $policy
    fi
    ;;
esac
# shellcheck disable=SC2086 # one word for each package
(apt_install $missing) || say "Until then the tests that need it are named as not run."
case $missing in
*openssh-server*) systemctl disable -q ssh.service ssh.socket >/dev/null 2>&1 || true ;;
esac
