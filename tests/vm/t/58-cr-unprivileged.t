#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# "criu --unprivileged" on the machine itself, by a user who has of root's rights only those that criu's manual asks for. What
# such a user restores is in the system's own PID namespace, so the system's generation moves; where it may not, the restore
# is refused. On backports criu is a script, and the user's criu gets these rights as ambient capabilities; elsewhere the
# program has them itself, as criu's manual says.
# vm: suites=trixie,backports timeout=240
set -uo pipefail
. tests/cr/lib.sh

HOME_DIR=/tmp/user
# A criu of one's own, in a folder that only root can write, as a package brings it.
CRIU=/opt/user-criu
ALL_RIGHTS=(checkpoint_restore sys_ptrace setpcap)
AMBIENT=-all

as_user()
{
	with_rights -all "$@"
}

# with_rights CAPABILITIES COMMAND...: as the user, with these inheritable and ambient capabilities
with_rights()
{
	setpriv --reuid 1001 --regid 1001 --clear-groups "--inh-caps=$1" "--ambient-caps=$1" -- \
		env "HOME=$HOME_DIR" "XDG_RUNTIME_DIR=$HOME_DIR" "${@:2}"
}

user_criu()
{
	with_rights "$AMBIENT" "$CRIU" "$@"
}

# give_criu RIGHT...: what the user's criu has from now on
give_criu()
{
	if [[ $(criu_program) == "$(command -v criu)" ]]; then
		setcap "$(printf 'cap_%s,' "${@:1:$#-1}")cap_${*: -1}+ep" "$CRIU"
	else
		AMBIENT=-all$(printf ',+%s' "$@")
	fi
}

# Without the test's own descriptors: a user's criu cannot give a pipe of root's back.
user_start()
{
	# shellcheck disable=SC2016  # expanded by the user's shell
	as_user bash -c 'cd / && exec >"$HOME/out" 2>&1 </dev/null || exit
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			((fd < 3)) || eval "exec $fd>&-"
		done
		exec setsid --fork "$@"' - \
		"$SUBJECT" "$@" && wait_for 30 grep -qx ready "$HOME_DIR/out" &&
		pgrep -n -u 1001 -x subject >"$HOME_DIR/pid"
}

# user_dump IMAGE
user_dump()
{
	as_user mkdir -p "$HOME_DIR/$1" && user_criu dump --unprivileged -t "$(<"$HOME_DIR/pid")" \
		-D "$HOME_DIR/$1" -v4 -o dump.log "${CR_OPTIONS[@]}" && cp "$HOME_DIR/out" "$HOME_DIR/$1.out" &&
		return
	grep -E 'Error|sysgenid:|Warn' "$HOME_DIR/$1/dump.log"
	return 1
}

# user_restore IMAGE
user_restore()
{
	cat "$HOME_DIR/$1.out" >"$HOME_DIR/out"
	user_criu restore --unprivileged -d -D "$HOME_DIR/$1" -v4 -o restore.log "${CR_OPTIONS[@]}" && return
	grep -E 'Error|sysgenid:|Warn' "$HOME_DIR/$1/restore.log"
	return 1
}

user_kill()
{
	kill -9 "$(<"$HOME_DIR/pid")"
	wait_gone 30 "$(<"$HOME_DIR/pid")"
}

# user_news IMAGE: what the clone has written since the dump, in LOG
user_news()
{
	local -a known

	mapfile -t known <"$HOME_DIR/$1.out" && mapfile -t -s "${#known[@]}" LOG <"$HOME_DIR/out"
}

sees_present()
{
	user_news "$1" && lines_like "^mixed sees $(generation)( |$)"
}

check_control()
{
	with_silent_plugin
	ok "control: starts" user_start mixed
	ok "control: is dumped with a plugin that does nothing" user_dump control
	ok "control: is restored" user_restore control
	user_news control
	is "${LOG[*]}" "" "control: without the plugin the clone sees the old generation"
	user_kill
}

# check_clone IMAGE WHICH
check_clone()
{
	local before

	before=$(generation)
	ok "$2: is restored" user_restore "$1" || return
	ok "$2: the system's generation has moved" test "$(generation)" -gt "$before"
	ok "$2: sees it" wait_for 30 sees_present "$1"
	user_news "$1"
	is "${#LOG[@]}" 1 "$2: sees one change and no other"
	is "$(state_of "$(<"$HOME_DIR/pid")" 40)" "outdated=1 tracked=1" \
		"$2: its tracked file is outdated and tracked"
	user_kill
}

# A user who may not restore may not move the system's generation either.
check_no_rights()
{
	local before

	before=$(generation)
	give_criu sys_ptrace setpcap
	like "$(user_restore image 2>&1)" "CRIU needs to have .*CAP_CHECKPOINT_RESTORE" \
		"without CAP_CHECKPOINT_RESTORE criu restores nothing"
	is "$(generation)" "$before" "and the system's generation has not moved"
	give_criu "${ALL_RIGHTS[@]}"
}

# The image claims a PID namespace, and so a counter, of the tasks' own, and a mark that nobody has. The tasks are in the
# system's, and the limit for its counter holds.
check_forged()
{
	local before

	before=$(generation)
	as_user cp -a "$HOME_DIR/image" "$HOME_DIR/forged"
	cp "$HOME_DIR/image.out" "$HOME_DIR/forged.out"
	tests/cr/image-edit marks "$HOME_DIR/forged/sysgenid.img" 4294967290
	tests/cr/image-edit add "$HOME_DIR/forged/sysgenid.img" 'own_pid_namespace: true'
	not_ok "a forged image is not restored" user_restore forged
	like "$(grep sysgenid: "$HOME_DIR/forged/restore.log")" \
		'cannot (begin a new|move the) generation in the PID namespace of the restored tasks' \
		"a forged image: the log says why"
	ok "a forged image: the system's generation has not jumped" test "$(generation)" -lt "$((before + 100))"
	ok "a forged image: nothing is left of it" wait_gone 30 "$(<"$HOME_DIR/pid")"
}

check_no_module()
{
	no_module
	not_ok "without the module what uses the counter is not restored" user_restore image
	like "$(grep sysgenid: "$HOME_DIR/image/restore.log")" "modprobe sysgenid" "and the log says so"
}

fresh_module
install_plugin
trigger
install -m 755 "$(command -v criu)" "$CRIU" && give_criu "${ALL_RIGHTS[@]}" || bail "no criu for users"
install -d -o 1001 -g 1001 "$HOME_DIR"
check_control
with_plugin
ok "a user's program starts" user_start mixed
ok "its user dumps it" user_dump image
check_clone image "the first clone"
check_clone image "the second clone"
check_no_rights
check_forged
check_no_module
done_testing
