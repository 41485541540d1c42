#!/usr/bin/env bash
# Makes a server one of Godploy's. Every step checks, acts and verifies; run it again at any time: it changes only what
# is not yet as it should be, and goes on where a cut run stopped. It never upgrades the system and never restarts a
# running Docker unless told to. Everything it brings is written down for uninstall.sh.
# shellcheck disable=SC1111  # the curly quotes are for people
set -Eeuo pipefail
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1

usage() {
	cat <<'TEXT'
install.sh --bundle FILE [options]

  --bundle FILE            the server bundle (godploy-server-VERSION-DIGEST.pyz)
  --ssh-user NAME          this account (not root) may use the agent's socket
  --allow-docker-restart   restart a running Docker when its configuration changed
  --allow-untested-os      go on with a system that Godploy was never tested on
  --min-free-mb N          refuse with less free disk than this (default 1024)
  --dry-run                say what would be done, change nothing
  --root DIR               with --dry-run only: look at the files below DIR instead of /
  --print-daemon-json FILE print what FILE (Docker's daemon.json) would become, and end
  --json, --text           form of the report (default: text on a terminal, else one JSON object a line)

Exit codes: 0 all is as it should be, 1 a step failed or refused, 2 wrong use.
TEXT
}

BUNDLE='' SSH_USER='' ALLOW_RESTART=0 ALLOW_UNTESTED=0 MIN_FREE_MB=1024 DRY_RUN=0 ROOT='' PRINT_JSON=''
FORM=json
[ -t 1 ] && FORM=text
while [ $# -gt 0 ]; do
	case $1 in
	--bundle | --ssh-user | --min-free-mb | --root | --print-daemon-json)
		[ $# -ge 2 ] || { usage >&2; exit 2; } ;;&
	--bundle) BUNDLE=$2; shift ;;
	--ssh-user) SSH_USER=$2; shift ;;
	--min-free-mb) MIN_FREE_MB=$2; shift ;;
	--root) ROOT=${2%/}; shift ;;
	--print-daemon-json) PRINT_JSON=$2; shift ;;
	--allow-docker-restart) ALLOW_RESTART=1 ;;
	--allow-untested-os) ALLOW_UNTESTED=1 ;;
	--dry-run) DRY_RUN=1 ;;
	--json) FORM=json ;;
	--text) FORM=text ;;
	--help | -h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
case $MIN_FREE_MB in *[!0-9]* | '') usage >&2; exit 2 ;; esac
case $SSH_USER in *[!a-z0-9_.-]*) usage >&2; exit 2 ;; esac
if [ -n "$ROOT" ] && [ $DRY_RUN = 0 ]; then usage >&2; exit 2; fi

readonly PYTHON=/usr/bin/python3
readonly HOME_DIR=/opt/godploy STATE=/var/lib/godploy RUN=/run/godploy
readonly LINK=$HOME_DIR/godploy-server.pyz RECORD=$STATE/install.json STAMP=$STATE/.running-bundle
readonly DAEMON_JSON=$ROOT/etc/docker/daemon.json LOG=/var/log/godploy-bootstrap.log
readonly TRAEFIK=traefik:v3.7 # as godploy_server/ingress starts it
readonly UNITS='godploy-agent.service godploy-relay.service'
readonly STEPS=(preflight packages docker-config docker accounts directories bundle units agent relay ingress)
declare -rA TITLES=(
	[preflight]='Check the server' [packages]='Install packages' [docker-config]='Configure Docker'
	[docker]='Start Docker' [accounts]='Make the accounts' [directories]='Make the folders'
	[bundle]='Install the server bundle' [units]='Start the services' [agent]='Reach the agent'
	[relay]='Start the relay' [ingress]='Start the reverse proxy')

# ---------------------------------------------------------------------------------------------------------- reporting

STEP='' DETAIL='' PLAN='' FAMILY=''
quoted() { # text as a JSON string
	local text=${1//\\/\\\\}
	text=${text//\"/\\\"}
	printf '"%s"' "$(printf '%s' "$text" | tr -s '\000-\037\177' ' ')"
}
emit() { # step state detail [problem as JSON]
	local index=0
	while [ "${STEPS[index]}" != "$1" ]; do index=$((index + 1)); done
	if [ $FORM = text ]; then
		[ "$2" = waiting ] || [ "$2" = checking ] || printf '%-9s %s%s\n' "$2" "${TITLES[$1]}" "${3:+: $3}"
	else
		printf '{"step": "%s", "title": %s, "state": "%s", "index": %d, "count": %d, "detail": %s, "problem": %s}\n' \
			"$1" "$(quoted "${TITLES[$1]}")" "$2" "$index" ${#STEPS[@]} "$(quoted "$3")" "${4:-null}"
	fi
}
refuse() { # code what why next-step: the step fails and the script ends
	trap - ERR
	emit "$STEP" failed "$2" "{\"code\": \"$1\", \"what\": $(quoted "$2"), \"why\": $(quoted "$3"), \"next_step\": $(quoted "$4")}"
	[ $FORM = json ] || printf '  why:  %s\n  next: %s\n' "$3" "$4"
	exit 1
}
unexpected() { # line command
	local last=''
	[ -r "$LOG" ] && last=$(tail -n 3 "$LOG" 2>/dev/null | tr '\n' ' ')
	refuse bootstrap-step-failed "“${TITLES[$STEP]:-The bootstrap}” failed" "line $1: $2${last:+; log: ${last: -300}}" \
		"See $LOG on the server, then run it again: it goes on from here"
}
trap 'unexpected $LINENO "${BASH_COMMAND%%$'"'\\n'"'*}"' ERR
cancelled() {
	refuse cancelled 'The bootstrap was cancelled' 'a person or a lost connection ended it' 'Run it again: it goes on from here'
}
trap cancelled TERM INT HUP

logged() { # runs a command with its output in the log. In a session of its own: a lost connection or a cancelled
	# bootstrap ends this script, never a package manager in the middle of its work
	setsid --wait "$@" >>"$LOG" 2>&1 </dev/null
}
joined() { tr '\n' ' ' | sed 's/ *$//'; }
last_words() { tail -n 40 "$LOG" | grep -E '^(E|Err|W|error|dpkg):?' | tail -n 3 | tr '\n' ' '; }

record() { # key value...: writes down, before it is done, what uninstall.sh is to undo
	"$PYTHON" - "$RECORD" "$@" <<'CODE'
import json, os, sys
path, key, values = sys.argv[1], sys.argv[2], sys.argv[3:]
try:
    with open(path) as stream:
        kept = json.load(stream)
except FileNotFoundError:
    kept = {"record": 1}
listed = kept.setdefault(key, [])
listed.extend(value for value in values if value not in listed)
with open(path + ".new", "w") as stream:
    json.dump(kept, stream, indent=2, sort_keys=True)
    stream.flush()
    os.fsync(stream.fileno())
os.chmod(path + ".new", 0o600)
os.replace(path + ".new", path)
CODE
}

# ---------------------------------------------------------------------------------------------------------- preflight

os_value() { sed -n "s/^$1=//p" "$ROOT/etc/os-release" 2>/dev/null | tr -d "\"'" | sed -n 1p; }

check_os() {
	local id version name
	id=$(os_value ID) version=$(os_value VERSION_ID) name=$(os_value PRETTY_NAME)
	case $id:$version in
	debian:12 | debian:13 | ubuntu:22.04 | ubuntu:24.04) FAMILY=apt ;;
	debian:* | ubuntu:*) [ $ALLOW_UNTESTED = 0 ] || FAMILY=apt ;;
	fedora:* | rhel:* | rocky:* | almalinux:* | centos:*)
		[ $ALLOW_UNTESTED = 1 ] || refuse os-not-supported-yet "${name:-This system} is not supported yet" \
			'systems with dnf are prepared, but untested' \
			'Use Debian 12 or 13 or Ubuntu 22.04 or 24.04, or try with --allow-untested-os'
		FAMILY=dnf ;;
	*) case " $(os_value ID_LIKE) " in *' debian '* | *' ubuntu '*) [ $ALLOW_UNTESTED = 0 ] || FAMILY=apt ;; esac ;;
	esac
	[ -n "$FAMILY" ] || refuse os-not-supported "${name:-This system} is not supported" \
		'Godploy installs on Debian 12 and 13 and on Ubuntu 22.04 and 24.04' 'Use a server with one of these systems'
	DETAIL=${name:-$id $version}
}

port_holder() { # port: says who listens on it, unless it is our own proxy; empty when it is free
	local ours theirs line
	if command -v docker >/dev/null && [ -S /var/run/docker.sock ]; then
		ours=$(docker ps -q --filter "publish=$1" --filter label=godploy.instance=godploy 2>/dev/null || true)
		[ -z "$ours" ] || return 0
		theirs=$(docker ps --filter "publish=$1" --format '{{.Names}}' 2>/dev/null | sed -n 1p || true)
		[ -z "$theirs" ] || { echo "the container $theirs publishes it"; return 0; }
	fi
	if command -v ss >/dev/null; then
		line=$(ss -Hltnp "sport = :$1" 2>/dev/null | sed -n 1p)
		[ -n "$line" ] || return 0
		echo "$line" | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 (pid \2) listens on it/p' | grep . ||
			echo 'a program listens on it'
	elif awk -v port="$(printf ':%04X' "$1")" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 }
		END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null; then
		echo 'a program listens on it'
	fi
}

check_preflight() {
	local free_mb machine holder port version
	[ "$(id -u)" = 0 ] || [ $DRY_RUN = 1 ] || refuse not-root 'The bootstrap needs root' \
		"it runs as $(id -un)" 'Run it as root or with sudo'
	check_os
	machine=$(uname -m)
	case $machine in
	x86_64 | aarch64) ;;
	*) refuse architecture-not-supported "Servers with $machine are not supported" \
		'Docker and Traefik images are used for x86_64 and aarch64 only' 'Use a server with one of these processors' ;;
	esac
	[ -d "$ROOT/run/systemd/system" ] || refuse no-systemd 'The server does not run systemd' \
		'the agent and the relay are systemd services' 'Use a server (not a container) that was started with systemd'
	free_mb=$(df -Pk / /var/lib /opt 2>/dev/null | awk 'NR > 1 && (least == "" || $4 < least) { least = $4 }
		END { print int(least / 1024) }')
	[ "$free_mb" -ge "$MIN_FREE_MB" ] || refuse disk-full "Only $free_mb MB of disk are free" \
		"Docker, the proxy and a first image need at least $MIN_FREE_MB MB" 'Free some space or use a larger disk'
	if [ -e "$ROOT/snap/bin/docker" ] || [ -d "$ROOT/var/snap/docker" ]; then
		refuse snap-docker 'Docker is installed as a snap' \
			'a snap cannot mount the folders that the proxy and services need' \
			"Remove it (snap remove docker) and run the bootstrap again; its containers and volumes go with it"
	fi
	if [ -x /usr/bin/docker ] && [ ! -e /usr/bin/dockerd ] && [[ $(/usr/bin/docker --version 2>/dev/null) == *[Pp]odman* ]]; then
		refuse podman-docker "The command docker is Podman's" 'Godploy needs Docker itself' \
			'Remove the package podman-docker and run the bootstrap again'
	fi
	if [ -x $PYTHON ]; then
		version=$($PYTHON -c 'import sys; print("%d.%d" % sys.version_info[:2])')
		$PYTHON -c 'import sys; sys.exit(sys.version_info < (3, 10))' || refuse python-too-old \
			"Python $version is too old" 'the server side needs Python 3.10 or later as /usr/bin/python3' \
			'Use a newer release of the operating system'
	fi
	if [ -z "$ROOT" ]; then
		for port in 80 443; do
			holder=$(port_holder $port)
			[ -z "$holder" ] || refuse port-taken "Port $port is already in use" "$holder" \
				'Stop that program or container, then run the bootstrap again'
		done
	fi
	if [ -n "$SSH_USER" ]; then
		id -u "$SSH_USER" >/dev/null 2>&1 || refuse no-such-account "There is no account $SSH_USER" \
			"id says so" 'Name the account that you connect with'
	fi
	if [ -n "$BUNDLE" ] || [ $DRY_RUN = 0 ]; then
		[ -r "$BUNDLE" ] || refuse no-bundle 'The server bundle is missing' "there is no file “$BUNDLE”" \
			'Give its path with --bundle'
	fi
	DETAIL="$DETAIL, $machine, $free_mb MB free"
}

# ----------------------------------------------------------------------------------------------------------- packages

is_installed() {
	case $FAMILY in
	apt) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
	dnf) rpm -q "$1" >/dev/null 2>&1 ;;
	esac
}
is_offered() {
	case $FAMILY in
	apt) [ -n "$(apt-cache policy "$1" 2>/dev/null | sed -n '/Candidate: [^(]/p')" ] ;;
	dnf) dnf -q info "$1" >/dev/null 2>&1 ;;
	esac
}
installed_packages() {
	case $FAMILY in
	apt) dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort -u ;;
	dnf) rpm -qa --qf '%{NAME}\n' | sort -u ;;
	esac
}
missing_tools() { # one package a line
	local package
	for package in ca-certificates git openssh-client python3 python3-cryptography; do
		[ $FAMILY = apt ] || package=${package/openssh-client/openssh-clients}
		is_installed "$package" || echo "$package"
	done
}
missing_docker() { # one package a line. Whatever Docker is there is used as it is, whoever it comes from
	local package
	if ! command -v dockerd >/dev/null; then
		if [ $FAMILY = apt ]; then echo docker.io; else echo moby-engine; fi
		# Debian 13 and Ubuntu 24.04 only recommend these beside docker.io; Debian 12 has them inside or not at all
		for package in docker-cli docker-buildx; do
			is_installed "$package" || { is_offered "$package" && echo "$package"; } || true
		done
	elif ! command -v docker >/dev/null; then
		{ is_offered docker-cli && echo docker-cli; } || true
	fi
}
is_packaging_finished() { # not after a run that was killed inside the package manager
	[ ! -e $STATE/.packages-before ] && { [ $FAMILY != apt ] || [ -z "$(dpkg --audit 2>/dev/null)" ]; }
}
fetch_lists() {
	local tries=0
	[ $FAMILY = apt ] || return 0
	until logged apt-get -q update; do
		tries=$((tries + 1))
		# a freshly rented server often updates itself in its first minutes and holds apt's lock
		[ $tries -lt 6 ] || refuse packages-unreachable 'The list of packages cannot be fetched' "$(last_words)" \
			'Make “apt-get update” work on the server and run the bootstrap again'
		sleep 5
	done
}
install_packages() { # name...: nothing else is upgraded
	local added before=$STATE/.packages-before
	# the list from before survives a cut, so that uninstall.sh knows the dependencies that came along
	[ -e $before ] || { installed_packages >$before.new && mv $before.new $before; }
	is_packaging_finished || [ $FAMILY != apt ] || logged dpkg --configure -a || true
	if [ $# -gt 0 ]; then
		emit "$STEP" acting "install $*"
		case $FAMILY in
		apt) logged apt-get -q -y --no-install-recommends --no-upgrade -o DPkg::Lock::Timeout=300 \
			-o Dpkg::Options::=--force-confold install "$@" ;;
		dnf) logged dnf -q -y --setopt=install_weak_deps=False install "$@" ;;
		esac || refuse packages-failed "The packages $* cannot be installed" "$(last_words)" \
			"See $LOG on the server, put the package system right and run the bootstrap again"
	fi
	mapfile -t added < <(comm -13 $before <(installed_packages))
	[ ${#added[@]} = 0 ] || record packages "${added[@]}"
	rm -f $before
}
check_packages() {
	local missing
	missing=$(missing_tools | joined)
	DETAIL='all are installed' PLAN="install ${missing:-what is left}"
	[ -z "$missing" ] && is_packaging_finished
}
act_packages() {
	local missing
	fetch_lists
	mapfile -t missing < <(missing_tools)
	install_packages "${missing[@]}"
}

# ------------------------------------------------------------------------------------------------------- docker-config

merged_daemon_json() { # file: prints what it should be. Only adds; raises on what is no JSON object
	"$PYTHON" - "$1" "$(docker_flags)" "$(command -v dockerd || true)" <<'CODE'
import json, sys
path, flags, dockerd = sys.argv[1:]
try:
    with open(path) as stream:
        text = stream.read()
except FileNotFoundError:
    text = ""
wanted = json.loads(text) if text.strip() else {}
if not isinstance(wanted, dict):
    sys.exit("it holds no JSON object")
before = json.dumps(wanted)
# A key that is a flag of dockerd too makes it refuse to start.
if "--log-opt" not in flags and wanted.get("log-driver", "json-file") in ("json-file", "local"):
    if "--log-driver" not in flags:
        wanted.setdefault("log-driver", "json-file")
    options = wanted.setdefault("log-opts", {})
    options.setdefault("max-size", "10m")
    options.setdefault("max-file", "3")
# Docker's own default ends after some 30 networks. Changing it under an existing Docker would move its bridge.
if not dockerd and "--default-address-pool" not in flags:
    wanted.setdefault("default-address-pools", [{"base": "172.17.0.0/16", "size": 24}, {"base": "172.18.0.0/16", "size": 24}])
sys.stdout.write(text if json.dumps(wanted) == before else json.dumps(wanted, indent=2) + "\n")
CODE
}
docker_flags() {
	{
		sed 's/#.*//' "$ROOT/etc/default/docker" 2>/dev/null
		[ -n "$ROOT" ] || systemctl show -p ExecStart --value docker.service 2>/dev/null
	} | tr '\n' ' ' || true
}
is_docker_active() { systemctl is-active -q docker.service 2>/dev/null; }
check_docker_config() {
	local complaint started
	PLAN="write log rotation and address pools to $DAEMON_JSON"
	[ -x $PYTHON ] || return 1
	complaint=$(merged_daemon_json "$DAEMON_JSON" 2>&1 >/dev/null) || refuse daemon-json-broken \
		"Docker's configuration cannot be read" "$DAEMON_JSON: $(tail -n 1 <<<"$complaint")" \
		'Correct that file and run the bootstrap again'
	merged_daemon_json "$DAEMON_JSON" | cmp -s - "$DAEMON_JSON" || return 1
	DETAIL='is as it should be'
	if is_docker_active; then
		started=$(date -d "$(systemctl show -p ActiveEnterTimestamp --value docker.service)" +%s)
		if [ "$(stat -c %Y "$DAEMON_JSON")" -gt "$started" ]; then
			DETAIL='is written; Docker reads it when it is restarted the next time'
			PLAN='restart Docker, so that it reads its configuration'
			[ $ALLOW_RESTART = 0 ] || return 1
		fi
	fi
}
act_docker_config() {
	if ! merged_daemon_json "$DAEMON_JSON" | cmp -s - "$DAEMON_JSON"; then
		[ -d /etc/docker ] || { record directories /etc/docker && mkdir -m 755 /etc/docker; }
		# the very first original is kept, whatever is merged later
		if ! record_has daemon_json; then
			if [ -e "$DAEMON_JSON" ]; then record daemon_json "$(cat "$DAEMON_JSON"; echo .)"; else record daemon_json ''; fi
		fi
		[ ! -e "$DAEMON_JSON" ] || cp -p "$DAEMON_JSON" "$DAEMON_JSON.godploy-new"
		merged_daemon_json "$DAEMON_JSON" >"$DAEMON_JSON.godploy-new"
		record daemon_json_written "$(cat "$DAEMON_JSON.godploy-new"; echo .)"
		mv "$DAEMON_JSON.godploy-new" "$DAEMON_JSON"
	fi
	if [ $ALLOW_RESTART = 1 ] && is_docker_active; then
		emit "$STEP" acting 'restart Docker'
		logged systemctl restart docker.service || refuse docker-restart-failed 'Docker does not start again' \
			"$(unit_words docker.service)" "Correct $DAEMON_JSON and run “systemctl restart docker” on the server"
	fi
}
record_has() {
	"$PYTHON" -c 'import json, sys; sys.exit(sys.argv[2] not in json.load(open(sys.argv[1])))' $RECORD "$1" 2>/dev/null
}
unit_words() { # unit: the last lines of its journal, in one
	journalctl -q -u "$1" -n 4 --no-pager -o cat 2>/dev/null | tr '\n' ' ' | tail -c 400
}

# -------------------------------------------------------------------------------------------------------------- docker

docker_version() { # empty while it does not answer
	"$PYTHON" - 2>/dev/null <<'CODE' || true
import http.client, json, socket
connection = http.client.HTTPConnection("docker", timeout=10)
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.settimeout(10)
connection.sock.connect("/var/run/docker.sock")
connection.request("GET", "/version")
print(json.load(connection.getresponse())["Version"])
CODE
}
check_docker() {
	local missing version=''
	missing=$(missing_docker | joined)
	PLAN="${missing:+install $missing and }start Docker"
	[ -z "$missing" ] && is_packaging_finished || return 1
	[ -z "$ROOT" ] && [ -x $PYTHON ] && version=$(docker_version)
	[ -n "$version" ] || return 1
	systemctl is-enabled -q docker.service 2>/dev/null || { PLAN='start Docker at every boot' && return 1; }
	DETAIL="Docker $version answers"
}
act_docker() {
	local missing tries=0
	mapfile -t missing < <(missing_docker)
	if [ ${#missing[@]} -gt 0 ] || ! is_packaging_finished; then
		install_packages "${missing[@]}"
	elif ! systemctl is-enabled -q docker.service; then
		record enabled docker.service
	fi
	logged systemctl enable docker.service
	is_docker_active || logged systemctl start docker.service || refuse docker-does-not-start 'Docker does not start' \
		"$(unit_words docker.service)" 'See “journalctl -u docker” on the server, then run the bootstrap again'
	until [ -n "$(docker_version)" ]; do
		tries=$((tries + 1))
		[ $tries -lt 60 ] || refuse docker-silent 'Docker does not answer' "$(unit_words docker.service)" \
			'See “journalctl -u docker” on the server, then run the bootstrap again'
		sleep 0.5
	done
}

# ------------------------------------------------------------------------------------------------ accounts, directories

is_member() { [[ " $(id -nG "$1" 2>/dev/null) " == *' godploy '* ]]; }
wants_membership() { [ -n "$SSH_USER" ] && [ "$SSH_USER" != root ] && ! is_member "$SSH_USER"; }
check_accounts() {
	DETAIL='account godploy, groups godploy and godploy-hooks exist' PLAN='make the account godploy and its groups'
	getent group godploy >/dev/null && getent passwd godploy >/dev/null && getent group godploy-hooks >/dev/null || return 1
	PLAN="let $SSH_USER use the agent's socket"
	! wants_membership
}
act_accounts() {
	getent group godploy >/dev/null || { record groups godploy && logged groupadd --system godploy; }
	# the relay's alone: who is in it reads the secrets of webhooks
	getent group godploy-hooks >/dev/null || { record groups godploy-hooks && logged groupadd --system godploy-hooks; }
	getent passwd godploy >/dev/null || { record users godploy && logged useradd --system --gid godploy \
		--home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin --comment 'Godploy members' godploy; }
	if wants_membership; then
		record members "$SSH_USER"
		logged usermod -a -G godploy "$SSH_USER"
	fi
}

has_mode() { [ "$(stat -c '%a %U' "$1" 2>/dev/null)" = "$2 root" ]; }
check_directories() {
	DETAIL="$HOME_DIR and $STATE exist" PLAN="make $HOME_DIR and $STATE"
	has_mode "$ROOT$HOME_DIR" 755 && has_mode "$ROOT$STATE" 700 && has_mode "$ROOT$STATE/tmp" 700
}
act_directories() {
	[ -d $HOME_DIR ] || record directories $HOME_DIR
	record directories $STATE
	record files "$LOG"
	install -d -m 755 -o root -g root $HOME_DIR
	install -d -m 700 -o root -g root $STATE $STATE/tmp
}

# -------------------------------------------------------------------------------------------------------------- bundle

read_bundle() { # name | install FOLDER: of the bundle's own content, so that a damaged upload is noticed
	"$PYTHON" - "$BUNDLE" "$@" <<'CODE'
import hashlib, importlib.util, marshal, os, re, sys, zipfile
source, verb, *folder = sys.argv[1:]
with zipfile.ZipFile(source) as archive:
    entries = {name: archive.read(name) for name in archive.namelist()}
total = hashlib.sha256()
for name in sorted(entries):
    total.update(b"%s\0%d\0" % (name.encode(), len(entries[name])))
    total.update(entries[name])
version = re.search(rb'__version__ = "([^"]+)"', entries["godploy_server/__init__.py"]).group(1).decode()
file_name = "godploy-server-%s-%s.pyz" % (version, total.hexdigest()[:12])
if verb == "install":
    path = os.path.join(folder[0], file_name)
    with zipfile.ZipFile(path + ".new", "w") as archive:  # not compressed: it is read at every start
        for name, content in sorted(entries.items()):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
            if name.endswith(".py") and not name.startswith("bootstrap/"):
                # compiled for this server's Python, which halves the start; another Python ignores it and reads the source
                code = marshal.dumps(compile(content, os.path.join(path, name), "exec", dont_inherit=True))
                header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(content)
                archive.writestr(zipfile.ZipInfo(name + "c", (1980, 1, 1, 0, 0, 0)), header + code)
    os.chmod(path + ".new", 0o644)
    os.replace(path + ".new", path)
    for name in entries:
        base = os.path.basename(name)
        if name.startswith("bootstrap/") and base.endswith(".sh"):
            with open(os.path.join(folder[0], base + ".new"), "wb") as stream:
                stream.write(entries[name])
            os.chmod(stream.name, 0o755)
            os.replace(stream.name, os.path.join(folder[0], base))
        elif name.startswith("bootstrap/systemd/"):
            os.makedirs(os.path.join(folder[0], "systemd"), exist_ok=True)
            with open(os.path.join(folder[0], "systemd", base + ".new"), "wb") as stream:
                stream.write(entries[name])
            os.replace(stream.name, os.path.join(folder[0], "systemd", base))
print(file_name)
CODE
}
bundle_name() {
	read_bundle name 2>/dev/null || refuse bundle-damaged 'The server bundle cannot be read' \
		"$BUNDLE is damaged or no bundle" 'Run the bootstrap again'
}
check_bundle() {
	local name
	PLAN='install the server bundle'
	[ -n "$BUNDLE" ] && [ -x $PYTHON ] || return 1
	name=$(bundle_name)
	PLAN="install $name" DETAIL="$name is installed"
	[ "$(readlink "$ROOT$LINK")" = "$name" ] && [ -f "$ROOT$HOME_DIR/$name" ] && [ -f "$ROOT$HOME_DIR/uninstall.sh" ]
}
act_bundle() {
	local name previous
	name=$(bundle_name)
	previous=$(readlink $LINK || true)
	record files $LINK $HOME_DIR/install.sh $HOME_DIR/uninstall.sh $HOME_DIR/systemd/godploy-agent.service \
		$HOME_DIR/systemd/godploy-relay.service "$HOME_DIR/$name"
	record directories $HOME_DIR/systemd
	read_bundle install $HOME_DIR >/dev/null
	$PYTHON "$HOME_DIR/$name" version >>"$LOG" 2>&1 || refuse bundle-does-not-start 'The server bundle does not start' \
		"$(tail -n 1 "$LOG")" "See $LOG on the server"
	ln -sfn "$name" $LINK.new
	mv -T $LINK.new $LINK
	# deployments under way may still run from the one before, and read it as they go
	find $HOME_DIR -maxdepth 1 -name 'godploy-server-*.pyz' -type f ! -name "$name" ! -name "${previous:-none}" \
		-print0 | while IFS= read -r -d '' old; do
		grep -qsF "$(basename "$old")" /proc/[0-9]*/cmdline || rm -f "$old"
	done
}

# --------------------------------------------------------------------------------------------------------------- units

wanted_stamp() { { readlink $LINK && cat /etc/systemd/system/godploy-*.service; } 2>/dev/null | sha256sum; }
check_units() {
	local unit
	DETAIL='agent and relay run from this bundle' PLAN='start the agent and the relay from this bundle'
	for unit in $UNITS; do
		cmp -s "$ROOT$HOME_DIR/systemd/$unit" "$ROOT/etc/systemd/system/$unit" || return 1
		[ -z "$ROOT" ] && systemctl is-enabled -q "$unit" 2>/dev/null && systemctl is-active -q "$unit" || return 1
	done
	[ "$(wanted_stamp)" = "$(cat $STAMP 2>/dev/null)" ]
}
act_units() {
	local unit
	for unit in $UNITS; do
		record units "$unit"
		install -m 644 "$HOME_DIR/systemd/$unit" "/etc/systemd/system/$unit.new"
		mv "/etc/systemd/system/$unit.new" "/etc/systemd/system/$unit"
	done
	# the proxy's image is ours to remove again unless it was here before
	docker image inspect $TRAEFIK >/dev/null 2>&1 || record images $TRAEFIK
	logged systemctl daemon-reload
	for unit in $UNITS; do logged systemctl enable "$unit"; done
	# only these two: containers and running deployments are not theirs to end
	for unit in $UNITS; do
		logged systemctl reset-failed "$unit" || true
		logged systemctl restart "$unit" || refuse unit-does-not-start "$unit does not start" "$(unit_words "$unit")" \
			"See “journalctl -u $unit” on the server, then run the bootstrap again"
	done
	wanted_stamp >$STAMP
}

# ------------------------------------------------------------------------------------------------- agent, relay, ingress

agent_info() { # version, relay version, then code, what, why and next step of the proxy's problem: one a line
	"$PYTHON" - $RUN/agent.sock 2>/dev/null <<'CODE'
import http.client, json, socket, sys
connection = http.client.HTTPConnection("agent", timeout=10)
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.settimeout(10)
connection.sock.connect(sys.argv[1])
connection.request("GET", "/v1/info")
info = json.load(connection.getresponse())
problem = info["docker_problem"] or info["ingress_problem"] or {}
for text in (info["version"], info["relay_version"], *(problem.get(key, "") for key in ("code", "what", "why", "next_step"))):
    print(" ".join(text.split()))
CODE
}
ask_agent() { # fills INFO; fails while the agent does not answer
	mapfile -t INFO < <(agent_info)
	[ ${#INFO[@]} -ge 2 ]
}
bundle_version() { readlink $LINK | sed 's/^godploy-server-\(.*\)-[0-9a-f]*\.pyz$/\1/'; }

check_agent() {
	PLAN='wait until the agent answers'
	[ -z "$ROOT" ] && [ -x $PYTHON ] && ask_agent || return 1
	DETAIL="version ${INFO[0]} answers"
	[ "${INFO[0]}" = "$(bundle_version)" ]
}
act_agent() {
	local tries=0
	until check_agent; do
		tries=$((tries + 1))
		[ $tries -lt 120 ] || refuse agent-silent 'The agent does not answer' "$(unit_words godploy-agent.service)" \
			'See “journalctl -u godploy-agent” on the server, then run the bootstrap again'
		sleep 0.25
	done
}

does_relay_answer() { # at ADDRESS:PORT
	"$PYTHON" - "$1" 2>/dev/null <<'CODE'
import http.client, json, sys
host, _, port = sys.argv[1].rpartition(":")
connection = http.client.HTTPConnection(host, int(port), timeout=5)
connection.request("GET", "/_godploy/health")
sys.exit(json.load(connection.getresponse())["relay"] != "ok")
CODE
}
relay_address() { cat $RUN/relay-address 2>/dev/null || true; } # which the agent gave it
check_relay() {
	PLAN='wait until the relay answers'
	[ -z "$ROOT" ] && [ -x $PYTHON ] && systemctl is-active -q godploy-relay.service 2>/dev/null || return 1
	DETAIL="answers on $(relay_address), without privileges"
	does_relay_answer "$(relay_address)"
}
act_relay() {
	local tries=0
	until check_relay; do
		tries=$((tries + 1))
		[ $tries -lt 720 ] || refuse relay-silent 'The relay does not answer' "$(unit_words godploy-relay.service)" \
			'See “journalctl -u godploy-relay” on the server, then run the bootstrap again'
		sleep 0.25
	done
}

check_ingress() {
	PLAN='wait until the agent has started Traefik'
	[ -z "$ROOT" ] && [ -x $PYTHON ] && ask_agent || return 1
	DETAIL='Traefik serves ports 80 and 443'
	# the agent knows of no problem before its first look either: so go the way that a visitor goes
	[ -z "${INFO[2]:-}" ] && does_relay_answer 127.0.0.1:80
}
act_ingress() {
	local tries=0 said=''
	until check_ingress; do
		tries=$((tries + 1))
		# a first start pulls the image
		[ $tries -lt 480 ] || refuse "${INFO[2]:-ingress-silent}" "${INFO[3]:-The reverse proxy does not start}" \
			"${INFO[4]:-the agent does not answer}" "${INFO[5]:-See “journalctl -u godploy-agent” on the server}"
		if [ "${INFO[4]:-}" != "$said" ]; then
			said=${INFO[4]:-}
			[ -z "$said" ] || emit "$STEP" acting "$said"
		fi
		sleep 0.5
	done
}

# ----------------------------------------------------------------------------------------------------------------- run

if [ -n "$PRINT_JSON" ]; then
	merged_daemon_json "$PRINT_JSON"
	exit
fi
for STEP in "${STEPS[@]}"; do emit "$STEP" waiting ''; done
STEP=preflight
if [ $DRY_RUN = 0 ] && [ "$(id -u)" = 0 ]; then
	# children inherit the lock: a package manager that outlives a cut holds off the next run until it is done
	exec 9>/run/godploy-bootstrap.lock
	if ! flock -n 9; then
		emit preflight checking 'waiting for another bootstrap of this server to end'
		flock -w 300 9 || refuse bootstrap-running 'Another bootstrap of this server is still running' \
			'it holds /run/godploy-bootstrap.lock' 'Wait for its end and try again'
	fi
	(umask 077 && : >>"$LOG")
fi
for STEP in "${STEPS[@]}"; do
	DETAIL='' PLAN=''
	emit "$STEP" checking ''
	if [ "$STEP" = preflight ]; then
		check_preflight
		[ $DRY_RUN = 1 ] || install -d -m 700 -o root -g root $STATE # holds the record of all that follows
		emit preflight "done" "$DETAIL"
	elif "check_${STEP//-/_}"; then
		emit "$STEP" skipped "$DETAIL"
	elif [ $DRY_RUN = 1 ]; then
		emit "$STEP" planned "$PLAN"
	else
		emit "$STEP" acting "$PLAN"
		"act_${STEP//-/_}"
		"check_${STEP//-/_}" || refuse not-verified "“${TITLES[$STEP]}” had no effect" "still to do: $PLAN" \
			"See $LOG on the server, then run the bootstrap again"
		emit "$STEP" "done" "$DETAIL"
	fi
done
