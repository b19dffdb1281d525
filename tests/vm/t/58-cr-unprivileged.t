#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# "criu --unprivileged" on the machine itself, by a user who has of root's rights only those that criu's manual asks for. What
# such a user restores is in the system's own PID namespace, so the system's generation moves; where it may not, the restore
# is refused.
# vm: suites=trixie timeout=240
set -uo pipefail
. tests/cr/lib.sh

HOME_DIR=/tmp/user
NEEDED=cap_checkpoint_restore,cap_sys_ptrace,cap_setpcap
# A criu of one's own, in a folder that only root can write, as a package brings it.
CRIU=/opt/user-criu

as_user()
{
	setpriv --reuid 1001 --regid 1001 --clear-groups --inh-caps=-all --ambient-caps=-all -- \
		env "HOME=$HOME_DIR" "XDG_RUNTIME_DIR=$HOME_DIR" "$@"
}

user_start()
{
	# shellcheck disable=SC2016  # expanded by the user's shell
	as_user bash -c 'cd / && exec >"$HOME/out" 2>&1 </dev/null && exec setsid --fork "$@"' - \
		"$SUBJECT" "$@" && wait_for 30 grep -qx ready "$HOME_DIR/out" &&
		pgrep -n -u 1001 -x subject >"$HOME_DIR/pid"
}

# user_dump IMAGE
user_dump()
{
	as_user mkdir -p "$HOME_DIR/$1" && as_user "$CRIU" dump --unprivileged -t "$(<"$HOME_DIR/pid")" \
		-D "$HOME_DIR/$1" -v4 -o dump.log "${CR_OPTIONS[@]}" && cp "$HOME_DIR/out" "$HOME_DIR/$1.out" &&
		return
	grep -E 'Error|sysgenid:|Warn' "$HOME_DIR/$1/dump.log"
	return 1
}

# user_restore IMAGE
user_restore()
{
	cat "$HOME_DIR/$1.out" >"$HOME_DIR/out"
	as_user "$CRIU" restore --unprivileged -d -D "$HOME_DIR/$1" -v4 -o restore.log "${CR_OPTIONS[@]}" && return
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
	setcap cap_sys_ptrace,cap_setpcap+ep "$CRIU"
	like "$(user_restore image 2>&1)" "CRIU needs to have .*CAP_CHECKPOINT_RESTORE" \
		"without CAP_CHECKPOINT_RESTORE criu restores nothing"
	is "$(generation)" "$before" "and the system's generation has not moved"
	setcap "$NEEDED+ep" "$CRIU"
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
install -m 755 "$(command -v criu)" "$CRIU" && setcap "$NEEDED+ep" "$CRIU" || bail "no criu for users"
install -d -o 1001 -g 1001 "$HOME_DIR"
check_control
with_plugin
ok "a user's program starts" user_start mixed
ok "its user dumps it" user_dump image
check_clone image "the first clone"
check_clone image "the second clone"
check_no_rights
check_no_module
done_testing
