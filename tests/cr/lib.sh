# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the checkpoint tests: subjects in containers, what they saw, and which plugin criu loads.
# usage: . tests/cr/lib.sh

# shellcheck source=tests/vm/lib.sh
. tests/vm/lib.sh
# shellcheck source=tests/vm/cr.sh
. tests/vm/cr.sh

SUBJECT=/sysgenid/build/tests/cr/subject
SYSFS=/sys/class/misc/sysgenid
PLUGIN=/sysgenid/build/criu-plugin/sysgenid_plugin.so
SILENT=/sysgenid/build/tests/cr/silent
NO_PLUGINS=$CR_DIR/no-plugins
LOG=() MATCHES=() SEEN=() PID='' FD=''
# The text as a pattern, in which brackets stand for themselves.
HOST_NAMESPACE=$(readlink /proc/1/ns/pid | sed 's/[][]/\\&/g')
mkdir -p "$NO_PLUGINS" /etc/sysgenid
rm -f /etc/sysgenid/criu.conf

# Events that restores have caused, as Prometheus sees them.
restore_events()
{
	/sysgenid/build/tools/sysgenid status --format prometheus | sed -n 's/^sysgenid_events_total{cause="restore"} //p'
}

criu_41_or_newer()
{
	[[ $(uname -r) != 6.1.* ]]
}

# criu_is_at_least VERSION
criu_is_at_least()
{
	[[ -n ${CRIU_VERSION-} ]] || CRIU_VERSION=$(criu --version | sed -n 's/^Version: \([0-9.]*\).*/\1/p')
	printf '%s\n' "$1" "$CRIU_VERSION" | sort -CV
}

# The program itself: the suite's criu can be a script that starts a newer one with libraries of its own.
criu_program()
{
	if [[ -x /opt/criu/usr/sbin/criu ]]; then
		echo /opt/criu/usr/sbin/criu
	else
		command -v criu
	fi
}

# Does libc keep a state of getrandom? glibc 2.41 and newer do, on Linux 6.11 and newer.
libc_keeps_state()
{
	[[ $(uname -r) != 6.1.* ]]
}

no_module()
{
	[[ ! -d /sys/module/sysgenid ]] || unload_module || bail "the module cannot be unloaded"
}

# fresh_module [PARAMETER...]: loads the module anew, so that the counter is at 0
fresh_module()
{
	no_module
	load_module "$@" || bail "the module cannot be loaded"
}

# The directory in which criu looks for plugins by default.
install_plugin()
{
	install -D -m 755 "$PLUGIN" /usr/lib/criu/sysgenid_plugin.so
}

with_plugin()
{
	CR_OPTIONS=()
}

# This also hides the plugins that are installed on the machine.
without_plugin()
{
	CR_OPTIONS=(--libdir "$NO_PLUGINS")
}

# The control: a plugin that lets tasks with the counter pass and does nothing else.
with_silent_plugin()
{
	CR_OPTIONS=(--libdir "$SILENT")
}

switches()
{
	printf '%s\n' "$@" >/etc/sysgenid/criu.conf
}

generation()
{
	local value

	read -r value <"$SYSFS/generation"
	echo "$value"
}

# attribute_in NAME ATTRIBUTE: what sysfs shows inside a container, which has a domain of its own
attribute_in()
{
	pid_of "$1" && nsenter -t "$PID" -p cat "$SYSFS/$2"
}

# wait_in NAME MS: WAIT_WATCHERS inside a container
wait_in()
{
	pid_of "$1" && nsenter -t "$PID" -p "$SUBJECT" wait "$2"
}

trigger()
{
	"$SUBJECT" trigger "$@" >/dev/null
}

# The helpers below start as few processes as they can: starting processes takes most of the time of
# an emulated machine.

# pid_of NAME: a container's first process, in PID
pid_of()
{
	PID=$(<"$CR_DIR/$1.pid")
}

# read_log NAME [FROM]: what a container's processes have written, in the array LOG
read_log()
{
	pid_of "$1" && mapfile -t -s "${2:-0}" LOG <"/proc/$PID/root/run/out"
}

# read_news IMAGE NAME: what a clone has written since the dump, in the array LOG
read_news()
{
	local -a known

	mapfile -t known <"$CR_DIR/$1.log" && read_log "$2" "${#known[@]}"
}

# lines_like REGEX: those lines of LOG, in MATCHES
lines_like()
{
	local line

	MATCHES=()
	for line in "${LOG[@]}"; do
		[[ ! $line =~ $1 ]] || MATCHES+=("$line")
	done
	((${#MATCHES[@]}))
}

log_has()
{
	read_log "$1" && lines_like "$2"
}

news_has()
{
	read_news "$1" "$2" && lines_like "$3"
}

# present_in_log NAME "WHO...": do lines of LOG say that each of them sees the container's present generation?
present_in_log()
{
	local who now

	now=$(attribute_in "$1" generation)
	for who in $2; do
		lines_like "^$who sees $now( |$)" || return 1
	done
}

# all_see NAME "WHO..."
all_see()
{
	read_log "$1" && present_in_log "$1" "$2"
}

# clones_see IMAGE NAME "WHO...": the same for what the clone has written since the dump
clones_see()
{
	read_news "$1" "$2" && present_in_log "$2" "$3"
}

# looks_after IMAGE CLONE: lines that report an old generation, seen after the restore had begun
looks_after()
{
	local line began

	read -r began <"$CR_DIR/$2.began"
	read_news "$1" "$2"
	for line in "${LOG[@]}"; do
		[[ ! $line =~ last\ [0-9]+\ begun\ ([0-9]+) ]] || ((BASH_REMATCH[1] < began)) || echo "$line"
	done
}

# seen_twice IMAGE CLONE: generations that the clone sees and that are in SEEN. Call it in a subshell.
seen_twice()
{
	local -A before=()
	local value

	for value in "${SEEN[@]}"; do
		before[$value]=yes
	done
	read_news "$1" "$2"
	SEEN=()
	generations_in "${LOG[@]}"
	for value in "${SEEN[@]}"; do
		[[ -z ${before[$value]-} ]] || echo "$value"
	done
}

# generations_in LINE...: adds the generations of lines "WHO sees N ..." to the array SEEN
generations_in()
{
	local line

	for line; do
		[[ ! $line =~ \ sees\ ([0-9]+) ]] || SEEN+=("${BASH_REMATCH[1]}")
	done
}

print_log()
{
	printf '%s\n' "${LOG[@]}"
}

# command_start NAME COMMAND...: starts it in a container, and waits until it says that it is ready.
command_start()
{
	container_start "$@" && wait_for 30 log_has "$1" '^(ready|drawn|waiting)$' && return
	diag "$2 does not start: $(cat "$CR_DIR/$1.out" 2>&1; read_log "$1" && print_log)"
	return 1
}

# subject_start NAME SUBJECT...
subject_start()
{
	command_start "$1" "$SUBJECT" "${@:2}"
}

# signal NAME: sends SIGUSR1 to a container's first process
signal()
{
	pid_of "$1" && kill -USR1 "$PID"
}

# dump NAME IMAGE [OPTION]...: dumps a container, and keeps what its processes had written.
dump()
{
	local status=0

	read_log "$1"
	printf '%s\n' "${LOG[@]}" >"$CR_DIR/$2.log"
	container_dump "$@" || status=$?
	((status == 0)) || show_log "$2/dump.log"
	return "$status"
}

# restore IMAGE NAME [OPTION]...: restores, and keeps the time when that began in NAME.began
restore()
{
	local status=0

	echo "${EPOCHREALTIME/[.,]/}000" >"$CR_DIR/$2.began"
	container_restore "$@" || status=$?
	((status == 0)) || show_log "$1/restore-$2.log"
	return "$status"
}

show_log()
{
	grep -E 'Error|sysgenid:|Warn' "$CR_DIR/$1" | tail -n 8
}

# messages IMAGE/LOG: the plugin's lines of criu's log
messages()
{
	grep 'sysgenid: ' "$CR_DIR/$1"
}

# Prints the descriptors of the counter in a process of the host, one a line.
counter_fds()
{
	find "/proc/$1/fd" -lname /dev/sysgenid -printf '%f\n' | sort -n
}

# counter_fd NAME: the first such descriptor of a container's first process, in PID and FD
counter_fd()
{
	pid_of "$1"
	# shellcheck disable=SC2034  # for the caller
	FD=$(counter_fds "$PID" | head -n 1)
}

# fdinfo PID FD KEY: the value of a key
fdinfo()
{
	local key value

	while read -r key value; do
		[[ $key != "$3:" ]] || echo "$value"
	done <"/proc/$1/fdinfo/$2"
}

fdinfo_is()
{
	[[ $(fdinfo "$1" "$2" "$3") == "$4" ]]
}

# state_of PID FD: prints "outdated=N tracked=N"
state_of()
{
	echo "outdated=$(fdinfo "$1" "$2" sysgenid-outdated) tracked=$(fdinfo "$1" "$2" sysgenid-tracked)"
}

# Prints the namespaces of processes that are in no container of the test and not on the host.
half_restored()
{
	find /proc/[0-9]*/ns/pid -lname 'pid:*' ! -lname "$HOST_NAMESPACE" -print 2>/dev/null
}

# Have all restored processes and their namespaces gone?
nobody_is_left()
{
	[[ -z $(half_restored) ]]
}
