# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For the tests of container runtimes: a container that hands out random tokens, its copies, and what a
# user is told. Each test says what "runtime_checkpoint" and so on mean for its runtime.
# usage: . tests/runtimes/lib.sh

# shellcheck source=tests/cr/lib.sh
. tests/cr/lib.sh
# shellcheck source=tests/cr/crowd.sh
. tests/cr/crowd.sh

SERVER=/sysgenid/build/demo/token-server
RT_DIR=$CR_DIR/runtimes
TREE=$RT_DIR/tree
ROUNDS=3
TOKEN='' GENERATION=''

# What a container sees as /: programs, and the libraries that they need.
make_tree()
{
	local program path

	mkdir -p "$TREE"/{bin,lib,proc,sys,dev,run,tmp,etc}
	for program in "$SERVER" "$SUBJECT" /bin/busybox; do
		cp "$program" "$TREE/bin/"
		while read -r path; do
			install -D "$path" "$TREE$path"
		done < <(ldd "$program" 2>/dev/null | grep -oE '/[^ ]+\.so[^ ]*' | grep -v sysgenid)
	done
	cp /sysgenid/build/lib/libsysgenid.so.0 "$TREE/lib/"
	for program in sh sleep cat; do
		ln -s busybox "$TREE/bin/$program"
	done
}

# Has every criu of this machine load the silent plugin, and no other, whoever starts it.
machine_with_silent_plugin()
{
	mkdir -p /etc/criu
	echo "libdir $SILENT" >/etc/criu/default.conf
}

machine_with_plugin()
{
	rm -f /etc/criu/default.conf
	install_plugin
}

page_quotes()
{
	[[ $(tr -s '\n ' ' ' <docs/containers.md) == *"\`$1\`"* ]]
}

# engine_says MESSAGE WORDS WHAT: the page quotes these words of the engine's, and the engine says them
engine_says()
{
	ok "$3: docs/containers.md quotes the engine" page_quotes "$2"
	like "$1" "$2" "$3: the engine says so"
}

# ask PID: the next token of the server in that container, and the generation that it knows
ask()
{
	local _

	read -r TOKEN _ GENERATION < <("$SERVER" ask "/proc/$1/root/run/token" 1)
	[[ -n $GENERATION ]]
}

# tokens_of FILE PID: ROUNDS tokens, a line each with the generation
tokens_of()
{
	local round

	for ((round = 0; round < ROUNDS; round++)); do
		wait_for 20 ask "$2" || return
		echo "$TOKEN $GENERATION"
	done >"$CR_DIR/tokens-$1"
}

# shared_tokens NAME...: how many tokens came from more than one of them
shared_tokens()
{
	local name

	for name; do
		cut -d' ' -f1 "$CR_DIR/tokens-$name"
	done | sort | uniq -d | wc -l
}

# last_generation NAME
last_generation()
{
	tail -n 1 "$CR_DIR/tokens-$1" | cut -d' ' -f2
}

# The control. The silent plugin lets criu restore a container that uses the counter, and does nothing else.
# usage: check_control CONTAINER: it goes on running
check_control()
{
	local clone

	# OpenSSL's generator must have been seeded before.
	ok "the container answers" tokens_of before "$(runtime_pid "$1")"
	machine_with_silent_plugin
	ok "control: without the plugin's work the container is dumped" runtime_dump "$1" control \
		leave-running
	for clone in x y; do
		ok "control: it is restored as $clone" runtime_restore control "$clone"
		ok "control: $clone answers" tokens_of "$clone" "$(runtime_pid "$clone")"
	done
	isnt "$(shared_tokens x y)" 0 "control: the copies hand out the same tokens"
	runtime_remove x y
	machine_with_plugin
}

# usage: check_clones IMAGE CONTAINER: it is dumped, and three copies run at the same time
check_clones()
{
	local clone before

	before=$(last_generation before)
	ok "it is dumped with the plugin, and no option for that" runtime_dump "$2" "$1"
	runtime_remove "$2"
	[[ ! -c /dev/sysgenid ]] || start_crowd
	for clone in a b c; do
		ok "it is restored as $clone" runtime_restore "$1" "$clone"
	done
	for clone in a b c; do
		ok "$clone runs and answers beside the others" tokens_of "$clone" \
			"$(runtime_pid "$clone")"
		isnt "$(last_generation "$clone")" "$before" "$clone is on a new generation"
	done
	is "$(shared_tokens before a b c)" 0 "no token is handed out twice"
	[[ -n $CROWD_PID ]] || return
	undisturbed "three copies"
	end_crowd
}

# shellcheck disable=SC2034  # for the tests that source this file
NO_MODULE_REASON="sysgenid: cannot make a new generation: the module sysgenid is not loaded; run 'modprobe sysgenid'"

# usage: check_no_module IMAGE REGEX COMMAND...: without the module no copy is restored, and the command, which stands
# for the user, finds the reason
check_no_module()
{
	no_module
	not_ok "module not loaded: the restore is refused" runtime_restore "$1" refused
	ok "module not loaded: nothing of it runs" wait_for 20 nobody_is_left
	like "$("${@:3}")" "$2" "module not loaded: the user finds the reason"
	runtime_remove refused
}
