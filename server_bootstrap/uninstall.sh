#!/usr/bin/env bash
# Takes away from a server exactly what install.sh brought, read from its record: services, files, accounts, and Godploy's
# own containers, networks and images. Data stays without --purge, packages stay without --packages, and what belongs to
# others is never touched. Run it again at any time: a cut run goes on where it stopped.
# shellcheck disable=SC1111  # the curly quotes are for people
set -Eeuo pipefail
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

usage() {
	cat <<'TEXT'
uninstall.sh [options]

  --purge      take the data too: history, secrets, certificates, the volumes of services
  --packages   take the packages too that the bootstrap installed and nothing else needs
  --dry-run    say what would be done, change nothing
  --json, --text   form of the report (default: text on a terminal, else one JSON object a line)

Exit codes: 0 done, 1 a step failed or refused, 2 wrong use.
TEXT
}

PURGE=0 PACKAGES=0 DRY_RUN=0 FORM=json
[ -t 1 ] && FORM=text
while [ $# -gt 0 ]; do
	case $1 in
	--purge) PURGE=1 ;;
	--packages) PACKAGES=1 ;;
	--dry-run) DRY_RUN=1 ;;
	--json) FORM=json ;;
	--text) FORM=text ;;
	--help | -h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done

readonly PYTHON=/usr/bin/python3 HOME_DIR=/opt/godploy STATE=/var/lib/godploy RUN=/run/godploy
readonly SPOOL=/var/lib/godploy-relay # systemd keeps it below /var/lib/private
readonly RECORD=$STATE/install.json LOG=/var/log/godploy-bootstrap.log MINE=label=godploy.instance=godploy
readonly STEPS=(preflight services containers daemon-json accounts files packages data)
declare -rA TITLES=(
	[preflight]='Check the server' [services]='Stop the services' [containers]='Remove containers, networks and images'
	[daemon-json]="Restore Docker's configuration" [accounts]='Remove the accounts' [files]='Remove the files'
	[data]='Remove the data' [packages]='Remove the packages')

# ---------------------------------------------------------------------------------------------------------- reporting

STEP='' DETAIL='' PLAN=''
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
trap 'refuse uninstall-step-failed "“${TITLES[$STEP]:-The removal}” failed" "line $LINENO: ${BASH_COMMAND%%$'"'\\n'"'*}" "Run it again: it goes on from here"' ERR
trap 'refuse cancelled "The removal was cancelled" "a person or a lost connection ended it" "Run it again: it goes on from here"' TERM INT HUP

recorded() { # key: its values, one a line
	"$PYTHON" -c 'import json, sys
for value in json.load(open(sys.argv[1])).get(sys.argv[2], []): print(value)' $RECORD "$1" 2>/dev/null || true
}
finished() { # key: its values are gone from the server
	"$PYTHON" - $RECORD "$1" <<'CODE'
import json, os, sys
path, key = sys.argv[1:]
if os.path.exists(path):
    kept = json.load(open(path))
    kept.pop(key, None)
    with open(path + ".new", "w") as stream:
        json.dump(kept, stream, indent=2, sort_keys=True)
    os.chmod(path + ".new", 0o600)
    os.replace(path + ".new", path)
CODE
}
joined() { tr '\n' ' ' | sed 's/ $//'; }

# --------------------------------------------------------------------------------------------------------------- steps

check_preflight() {
	[ "$(id -u)" = 0 ] || refuse not-root 'The removal needs root' "it runs as $(id -un)" 'Run it as root or with sudo'
	DETAIL='nothing of Godploy was recorded here'
	[ ! -e $RECORD ] || DETAIL="what was installed is recorded in $RECORD"
}

check_services() {
	local unit
	DETAIL='none is installed' PLAN='stop the agent and the relay, end deployments under way, remove their units'
	while read -r unit; do [ ! -e "/etc/systemd/system/$unit" ] || return 1; done < <(recorded units)
}
act_services() {
	local unit
	while read -r unit; do
		systemctl disable -q "$unit" 2>/dev/null || true
		systemctl stop "$unit" 2>/dev/null || true
		# deployments under way outlive the agent and would go on making containers
		leftovers "$unit" | xargs -r kill -TERM 2>/dev/null || true
		for _ in 1 2 3 4 5 6 7 8 9 10; do [ -z "$(leftovers "$unit")" ] || sleep 0.5; done
		leftovers "$unit" | xargs -r kill -KILL 2>/dev/null || true
		systemctl reset-failed "$unit" 2>/dev/null || true
		rm -f "/etc/systemd/system/$unit"
	done < <(recorded units)
	systemctl daemon-reload
	DETAIL='are gone'
}
leftovers() { # unit: its processes, one a line; cgroup v2, else v1
	cat "/sys/fs/cgroup/system.slice/$1/cgroup.procs" "/sys/fs/cgroup/systemd/system.slice/$1/cgroup.procs" 2>/dev/null || true
}

has_docker() { command -v docker >/dev/null && docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
our_containers() { docker ps -aq --filter $MINE; }
our_networks() { docker network ls -q --filter $MINE; }
our_images() {
	docker images -q --filter $MINE
	recorded images | while read -r image; do docker images -q "$image"; done
}
our_volumes() { [ $PURGE = 0 ] || docker volume ls -q --filter $MINE; }
check_containers() {
	DETAIL='there are none' PLAN='nothing'
	if ! has_docker; then
		DETAIL='Docker does not answer, so they stay'
		return 0
	fi
	PLAN="remove $(our_containers | wc -l) containers, $(our_networks | wc -l) networks, $(our_images | sort -u | wc -l) images"
	[ $PURGE = 0 ] || PLAN="$PLAN, $(our_volumes | wc -l) volumes"
	[ -z "$(our_containers)$(removable_networks)$(removable_images)$(our_volumes)" ]
}
removable_networks() { # those that nothing of others is attached to
	our_networks | while read -r network; do
		[ -n "$(docker network inspect -f '{{range .Containers}}x{{end}}' "$network")" ] || echo "$network"
	done
}
removable_images() { # those that no container of others was made from
	our_images | sort -u | while read -r image; do
		[ -n "$(docker ps -aq --filter "ancestor=$image")" ] || echo "$image"
	done
}
act_containers() {
	our_containers | xargs -r docker rm -f -v >/dev/null
	removable_networks | xargs -r docker network rm >/dev/null
	removable_images | xargs -r docker rmi -f >/dev/null
	our_volumes | xargs -r docker volume rm >/dev/null
	DETAIL="what was Godploy's is gone"
}

daemon_json() { # check | act: put the original back if nobody changed the file since, else take out only what we added
	"$PYTHON" - $RECORD "$1" <<'CODE'
import json, os, sys
record, verb = sys.argv[1:]
path = "/etc/docker/daemon.json"
kept = json.load(open(record)) if os.path.exists(record) else {}
if "daemon_json" not in kept or not os.path.exists(path):
    sys.exit(0)
original = kept["daemon_json"][0]
original = original[:-1] if original else None  # an end mark kept the last line break through the shell
written = [text[:-1] for text in kept.get("daemon_json_written", [])]
now = open(path).read()
if now in written:
    wanted = original
else:
    try:
        current, before = json.loads(now), json.loads(original or "{}")
        for text in written:
            for key, value in json.loads(text).items():
                if key not in before and current.get(key) == value:
                    del current[key]
    except ValueError:
        sys.exit(0)
    wanted = now if current == json.loads(now) else json.dumps(current, indent=2) + "\n"
    if not current and original is None:
        wanted = None
if wanted == now:
    sys.exit(0)
if verb == "check":
    sys.exit(1)
if wanted is None:
    os.remove(path)
else:
    status = os.stat(path)
    with open(path + ".godploy-new", "w") as stream:
        stream.write(wanted)
    os.chmod(stream.name, status.st_mode & 0o777)
    os.replace(stream.name, path)
CODE
}
check_daemon_json() {
	DETAIL='is as it was' PLAN='restore it; Docker reads it when it is restarted the next time'
	daemon_json check
}
act_daemon_json() {
	daemon_json act
	DETAIL='is restored; Docker reads it when it is restarted the next time'
}

check_accounts() {
	DETAIL='there are none' PLAN='remove the account and the group godploy'
	[ -z "$(recorded users)$(recorded groups)$(recorded members)" ]
}
act_accounts() {
	local name
	while read -r name; do gpasswd -d "$name" godploy >/dev/null 2>&1 || true; done < <(recorded members)
	while read -r name; do ! getent passwd "$name" >/dev/null || userdel "$name" >/dev/null 2>&1; done < <(recorded users)
	while read -r name; do ! getent group "$name" >/dev/null || groupdel "$name"; done < <(recorded groups)
	finished members && finished users && finished groups
	DETAIL='are gone'
}

check_files() {
	DETAIL='there are none' PLAN="remove $(recorded files | joined) and $RUN"
	[ -z "$(recorded files)" ] && [ ! -e $RUN ] && [ ! -e $SPOOL ] && [ ! -e $HOME_DIR/godploy-server.pyz ]
}
act_files() {
	recorded files | while IFS= read -r file; do rm -f "$file"; done
	rm -rf $RUN $SPOOL /var/lib/private/godploy-relay
	rmdir /var/lib/private 2>/dev/null || true
	finished files
	# folders only when nobody put anything else there; the deepest first
	recorded directories | sort -r | while IFS= read -r folder; do
		[ "$folder" = $STATE ] || rmdir "$folder" 2>/dev/null || true
	done
	DETAIL='are gone'
}

removable_packages() { # of those that came with the bootstrap, the ones whose removal takes nothing else along
	local ours all needs package
	ours=$(recorded packages)
	[ -n "$ours" ] || return 0
	if grep -qx docker.io <<<"$ours" && has_docker && [ -n "$(docker ps -aq)" ]; then
		ours=$(grep -vxE 'docker.*|containerd|runc' <<<"$ours" || true)
	fi
	while [ -n "$ours" ]; do
		# shellcheck disable=SC2086  # names of packages hold no spaces
		all=$(apt-get -s remove $ours 2>/dev/null | sed -n 's/^Remv \([^ ]*\).*/\1/p')
		all=$(comm -13 <(sort -u <<<"$ours") <(sort -u <<<"$all") | sed '/^$/d')
		[ -n "$all" ] || break
		# something else needs one of them by now: leave those alone that it needs, one by one
		ours=$(for package in $ours; do
			needs=$(apt-get -s remove "$package" 2>/dev/null | sed -n 's/^Remv \([^ ]*\).*/\1/p')
			grep -qxF "$all" <<<"$needs" || echo "$package"
		done)
		[ "$ours" != "$(recorded packages)" ] || break
	done
	for package in $ours; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ] || echo "$package"
	done
}
check_packages() {
	local names
	DETAIL='stay' PLAN=''
	[ $PACKAGES = 1 ] || return 0
	names=$(removable_packages | joined)
	DETAIL='there are none' PLAN="remove $names"
	[ -z "$names" ]
}
act_packages() {
	local names
	mapfile -t names < <(removable_packages)
	apt-get -q -y -o DPkg::Lock::Timeout=300 purge "${names[@]}" >>$LOG.removal 2>&1 </dev/null || refuse packages-failed \
		'The packages cannot be removed' "$(grep -E '^(E|dpkg):' $LOG.removal | tail -n 2 | joined)" \
		'Put the package system right and run the removal again'
	rm -f $LOG.removal
	DETAIL='are gone'
}

check_data() {
	DETAIL="stays in $STATE" PLAN="remove $STATE"
	if [ $PURGE = 1 ]; then
		DETAIL='there is none'
		[ ! -e $STATE ]
	fi
}
act_data() {
	rm -rf $STATE
	DETAIL='is gone'
}

# ----------------------------------------------------------------------------------------------------------------- run

for STEP in "${STEPS[@]}"; do emit "$STEP" waiting ''; done
STEP=preflight
if [ $DRY_RUN = 0 ] && [ "$(id -u)" = 0 ]; then
	exec 9>/run/godploy-bootstrap.lock
	flock -w 300 9 || refuse bootstrap-running 'A bootstrap of this server is still running' \
		'it holds /run/godploy-bootstrap.lock' 'Wait for its end and try again'
fi
for STEP in "${STEPS[@]}"; do
	DETAIL='' PLAN=''
	emit "$STEP" checking ''
	if [ "$STEP" = preflight ]; then
		check_preflight
		emit preflight "done" "$DETAIL"
	elif "check_${STEP//-/_}"; then
		emit "$STEP" skipped "$DETAIL"
	elif [ $DRY_RUN = 1 ]; then
		emit "$STEP" planned "$PLAN"
	else
		emit "$STEP" acting "$PLAN"
		"act_${STEP//-/_}"
		emit "$STEP" "done" "$DETAIL"
	fi
done
if [ $DRY_RUN = 0 ]; then
	# with the record goes the memory of which packages came along: a later --packages has nothing to go by
	rm -f $RECORD $STATE/.running-bundle /run/godploy-bootstrap.lock
fi
