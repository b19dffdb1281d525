#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# criu inside a container, with our plugin in there, as it is run in application containers that restore a warm program: what
# it restores shares the container's PID namespace. The container's generation moves, whoever owns it, and nobody else's.
# vm: timeout=240
set -uo pipefail
. tests/cr/inside.sh

TOOL=/sysgenid/build/tools/sysgenid

# as_user CAPABILITY...: from here on commands inside run as a user with these capabilities and no others.
as_user()
{
	local caps=-all word

	for word; do
		caps+=,+$word
	done
	AS=(setpriv --reuid 1001 --regid 1001 --clear-groups --inh-caps "$caps" --ambient-caps "$caps"
		--bounding-set "$caps")
}

# others BOX: prints what a program next to the restored ones sees
others()
{
	local -a LOG=() SEEN=()

	pid_of "$1" && mapfile -t LOG <"/proc/$PID/root/run/others"
	generations_in "${LOG[@]}"
	echo "${SEEN[@]}"
}

others_see_more()
{
	[[ $(others "$1") != "$2" ]]
}

# A criu that cannot do this yet says so itself.
check_absent()
{
	without_plugin
	not_ok "$1: without a plugin in the container criu refuses to dump what maps the counter" \
		inside_dump "$1" absent
	like "$(grep Error "$CR_DIR/absent/dump.log")" "Can't handle non-regular mapping" "$1: in criu's own words"
	ok "$1: and leaves it as it was" inside_ready "$1" out
}

check_control()
{
	with_silent_plugin
	ok "$1: control: it is dumped with a plugin that does nothing" inside_dump "$1" control
	ok "$1: control: it is restored" inside_restore "$1" control
	read_news control "$1"
	is "${LOG[*]}" "" "$1: control: without the plugin the clone sees the old generation"
	inside_kill "$1"
}

# check_clone BOX NAME
check_clone()
{
	local before events

	before=$(others "$1") events=$(restore_events)
	ok "$1: $2 is restored" inside_restore "$1" image || return
	is "$(restore_events)" "$((events + 1))" "$1: the metrics count it, once"
	ok "$1: $2 sees a new generation" wait_for 30 clones_see image "$1" mixed
	read_news image "$1"
	is "${#LOG[@]}" 1 "$1: $2 sees one change and no other"
	SEEN=()
	generations_in "${LOG[@]: -1}"
	isnt "${SEEN[0]-}" "$LAST" "$1: $2 sees another generation than what was restored before"
	LAST=${SEEN[0]-}
	ok "$1: so does a program next to it" wait_for 30 others_see_more "$1" "$before"
	inside_kill "$1"
}

# check_clones BOX
check_clones()
{
	local LAST=''

	with_plugin
	ok "$1: it starts again" inside_start "$1" out mixed
	ok "$1: it is dumped" inside_dump "$1" image || return
	check_clone "$1" "the first clone"
	check_clone "$1" "the second clone"
}

# A process that does not use the counter now may open it later.
check_unused()
{
	local before

	ok "$1: a program that does not use the counter starts" inside_start "$1" out idle
	ok "$1: it is dumped" inside_dump "$1" unused
	before=$(others "$1")
	ok "$1: it is restored" inside_restore "$1" unused
	ok "$1: the container's generation moves" wait_for 30 others_see_more "$1" "$before"
	inside_kill "$1"
}

# Without criu: a process that may move a generation moves its own container's.
check_triggers()
{
	local before

	before=$(others "$1")
	ok "$1: its root moves its generation by the ioctl" inside "$1" "$SUBJECT" trigger
	ok "$1: which is seen" wait_for 30 others_see_more "$1" "$before"
	before=$(others "$1")
	ok "$1: and over netlink" inside "$1" "$TOOL" trigger --pid 1
	ok "$1: which is seen" wait_for 30 others_see_more "$1" "$before"
	as_user
	before=$(others "$1")
	not_ok "$1: a user without capabilities cannot, by the ioctl" inside "$1" "$SUBJECT" trigger
	like "$(inside "$1" bash -c "$TOOL trigger --pid \$\$" 2>&1)" CAP_CHECKPOINT_RESTORE "$1: nor over netlink"
	AS=()
	is "$(others "$1")" "$before" "$1: and has not moved it"
}

check_box()
{
	ok "$1: a program starts next to it" inside_start "$1" others look /dev/sysgenid
	ok "$1: what is to be dumped starts" inside_start "$1" out mixed
	check_absent "$1"
	check_control "$1"
	check_clones "$1"
	check_unused "$1"
	check_triggers "$1"
}

# As application servers do it: a user with no more capabilities than criu needs.
check_user()
{
	as_user checkpoint_restore sys_ptrace setpcap
	UNPRIVILEGED=(--unprivileged)
	check_clones "$1"
	AS=()
}

# Without --unprivileged criu itself wants rights on the machine.
check_old_userns_box()
{
	ok "a container with a user namespace of its own starts" userns_box_start userns
	ok "userns: a program starts" inside_start userns out mixed
	ok "userns: it is dumped" inside_dump userns image
	not_ok "userns: criu cannot restore it" inside_restore userns image
	like "$(grep Error "$CR_DIR/image/restore.log")" "Unable to set SO_SNDBUFFORCE" \
		"userns: in criu's own words"
}

check_userns_box()
{
	ok "a container with a user namespace of its own starts" userns_box_start userns
	UNPRIVILEGED=(--unprivileged)
	check_box userns
	like "$(inside userns "$TOOL" trigger 2>&1)" "initial user namespace" \
		"userns: its root cannot move the system's generation"
}

REGISTRY=/run/sysgenid/containers

# Reads the counter file from outside of the container.
file_word()
{
	"$SUBJECT" page "$1"
}

# looks_at_old BOX IMAGE WHAT: restores, and checks that the clone sees no new number
stays_old()
{
	ok "$1: $3" inside_restore "$1" "$2"
	read_news "$2" "$1"
	is "${LOG[*]}" "" "$1: $3: and sees the old generation"
	inside_kill "$1"
}

# file_refused BOX IMAGE MESSAGE WHAT: the restore is refused, and no restored process runs
file_refused()
{
	not_ok "$1: $4: refused" inside_restore "$1" "$2"
	like "$(messages "$2/restore.log")" "Error .*sysgenid: .*$3" "$1: $4: the message says so"
	# shellcheck disable=SC2016  # expanded inside
	not_ok "$1: $4: nothing is left of it" inside "$1" bash -c 'test -e "/proc/$(</run/out.pid)/exe"'
}

# file_clone BOX IMAGE GENERATION WHAT
file_clone()
{
	ok "$1: $4 is restored" inside_restore "$1" "$2" || return
	ok "$1: $4 sees $3" wait_for 30 news_has "$2" "$1" " sees $3( |$)"
	read_news "$2" "$1"
	is "${#LOG[@]}" 1 "$1: $4 sees one change and no other"
	inside_kill "$1"
}

# store_words BOX GENERATION RESUMED RESTORED: in the host's file
store_words()
{
	perl -e 'open(my $file, "+<", shift) or die; seek($file, 104, 0); print $file pack("LL", @ARGV[1, 2]);
		for (0, 76) { seek($file, $_, 0); print $file pack("L", $ARGV[0]) }' "$REGISTRY/$1/counter" "${@:2}"
}

# The host's file, which nobody in the container can write.
check_host_file()
{
	ok "$1: a program with a counter file starts" inside_start "$1" out "${2:-mapping}"
	without_plugin
	ok "$1: control: it is dumped without the plugin" inside_dump "$1" control
	stays_old "$1" control "control: without the plugin it is restored"
	with_plugin
	ok "$1: it starts again" inside_start "$1" out "${2:-mapping}"
	ok "$1: it is dumped" inside_dump "$1" image || return
	file_refused "$1" image "/dev/sysgenid, which says $3 .*run 'sysgenid trigger' on the host" "a file that has not moved"
	store_words "$1" $(($3 + 1)) $(($3 + 1)) "$3"
	file_refused "$1" image "/dev/sysgenid, which says $(($3 + 1)) " "a file that has moved for somebody who goes on after a dump"
	store_words "$1" "$3" 0 0
	file_refused "$1" control "there is no sysgenid.img" "an image that was made without the plugin"
	ok "$1: the host moves the file" "$TOOL" trigger --container "$1"
	file_clone "$1" image $(($3 + 1)) "the first clone"
	file_clone "$1" image $(($3 + 1)) "the second clone"
	is "$(file_word "$REGISTRY/$1/counter")" $(($3 + 1)) "$1: nobody else has moved the file"
}

# A process that does not use the counter is not refused, unless strict asks for that.
check_idle()
{
	ok "$1: a program that does not use the file starts" inside_start "$1" out idle
	ok "$1: it is dumped" inside_dump "$1" idle
	ok "$1: it is restored" inside_restore "$1" idle
	is "$(messages idle/restore.log | grep -c 'cannot raise the generation in the counter file /dev/sysgenid')" 1 \
		"$1: with one warning"
	inside_kill "$1"
	inside "$1" bash -c 'echo strict = yes >/etc/sysgenid/criu.conf'
	not_ok "$1: and strict: refused" inside_restore "$1" idle
	inside "$1" rm /etc/sysgenid/criu.conf
}

# A file that the container's root has made: criu in there can write it.
check_own_file()
{
	inside own "$SUBJECT" page /dev/sysgenid 7 >/dev/null
	ok "own: a program with a file of the container's own starts" inside_start own out mapping
	ok "own: it is dumped" inside_dump own image || return
	file_clone own image 8 "the first clone"
	file_clone own image 9 "the second clone"
	ok "own: a program that does not use the file starts" inside_start own out idle
	ok "own: it is dumped" inside_dump own idle
	ok "own: it is restored" inside_restore own idle
	inside_kill own
	is "$(inside own "$SUBJECT" page /dev/sysgenid)" 10 "own: and the file moves all the same"
}

check_files()
{
	no_module
	mkdir -p "$REGISTRY/file"
	"$SUBJECT" page "$REGISTRY/file/counter" 7 >/dev/null
	CONTAINER_COUNTER=$REGISTRY/file/counter ok "a container with a counter file of the host starts" box_start file
	check_host_file file mapping 7
	check_idle file
	ok "a container without a counter starts" box_start own
	check_own_file
	rm -r "$REGISTRY"
}

install_plugin
check_files
fresh_module
ok "a container starts" box_start plain
ok "a program in another one starts" subject_start other look /dev/sysgenid
check_box plain
if criu_41_or_newer; then
	check_user plain
	check_userns_box
else
	check_old_userns_box
fi
is "$(generation)" 0 "the system's generation has not moved"
read_log other
is "${#LOG[@]}" 2 "nor has that of another container"
done_testing
