#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# No module, and a counter file that is bind-mounted into each container: restores of one
# dump, each with a file of its own. Tasks that do not see theirs at /dev/sysgenid. And what is no such file.
# vm: qemu-arg=-device qemu-arg=virtio-rng-pci timeout=240 suites=bookworm,trixie,backports
set -uo pipefail
. tests/cr/lib.sh

REGISTRY=/run/sysgenid/containers
IMAGE=sysgenid.img

# counter ID GENERATION: a container's file
counter()
{
	mkdir -p "$REGISTRY/$1"
	"$SUBJECT" page "$REGISTRY/$1/counter" "$2" >/dev/null
}

word()
{
	"$SUBJECT" page "$REGISTRY/$1/counter"
}

# incarnation NAME: prints the incarnation in the counter file of that name
incarnation()
{
	od -An -tx4 -j88 -N16 "$REGISTRY/$1/counter"
}

# start NAME: starts a container with the counter file that has its name
start()
{
	CONTAINER_COUNTER=$REGISTRY/$1/counter subject_start "$1" mapping
}

# checkpoint NAME IMAGE
checkpoint()
{
	dump "$1" "$2" --external 'mnt[/dev/sysgenid]:counter'
}

# restore_with FILE IMAGE NAME
restore_with()
{
	restore "$2" "$3" --external "mnt[counter]:$1"
}

last_line_is()
{
	read_log "$1" && [[ ${LOG[-1]} == *" sees $2"* ]]
}

# clone NAME GENERATION NEW [IMAGE]: restores with a file that says GENERATION, and checks that the clone sees NEW
clone()
{
	local image=${4:-image}

	counter "$1" "$2"
	ok "$1: restored with a file that says $2" restore_with "$REGISTRY/$1/counter" "$image" "$1" || return
	is "$(word "$1")" "$3" "$1: its file says $3 then"
	ok "$1: sees it" wait_for 30 last_line_is "$1" "$3"
	is "$(looks_after "$image" "$1")" "" "$1: its first load after the restore sees it"
	read_news "$image" "$1"
	is "${#LOG[@]}" 1 "$1: sees one change and no other"
}

check_clones()
{
	counter origin 7
	ok "a container with a counter file starts" start origin
	counter origin 9
	ok "it sees the file change" wait_for 30 last_line_is origin 9
	ok "it is dumped" checkpoint origin image || return
	is "$(tests/cr/image-edit show "$CR_DIR/image/$IMAGE" | grep '^file_')" $'file_tasks: 1\nfile_mark: 9' \
		"the image knows the task and how far its file had got"
	counter bystander 9
	clone same 9 10
	clone lower 3 10
	clone higher 500 501
	is "$(word origin) $(word bystander)" "9 9" "no other container's file moves"
	is "$(for name in same lower; do incarnation "$name"; done | grep -v '00000000 00000000' | sort -u | wc -l)" 2 \
		"two clones with the same generation have incarnations of their own"
	for name in same lower higher; do
		container_kill "$name"
	done
}

jailed_start()
{
	CONTAINER_COUNTER=$REGISTRY/$1/counter CONTAINER_COUNTER_AT=/run/counter subject_start "$1" jailed /run/counter
}

# jailed_dump NAME IMAGE [OPTION]...
jailed_dump()
{
	dump "$@" --external 'mnt[/run/counter]:counter'
}

# The only task that has the counter has changed its root since, and no task has it at /dev/sysgenid.
check_jailed()
{
	counter jailed 9
	ok "a container with the counter at another path starts, with a task that has mapped it and changed its root" \
		jailed_start jailed
	without_plugin
	ok "control: it is dumped without the plugin, and goes on" jailed_dump jailed free --leave-running
	with_plugin
	ok "it is dumped" jailed_dump jailed jail || return
	clone jailed-first 9 10 jail
	clone jailed-second 3 10 jail
	without_plugin
	counter jailed-control 9
	ok "control: it is restored without the plugin" restore_with "$REGISTRY/jailed-control/counter" free jailed-control
	with_plugin
	read_news free jailed-control
	is "${LOG[*]}" "" "control: the task sees the old generation"
	for name in jailed-first jailed-second jailed-control; do
		container_kill "$name"
	done
	counter twice 9
	ln "$REGISTRY/twice/counter" /run/other
	refused jail "$REGISTRY/twice/counter" "has the counter file $REGISTRY/twice/counter, .*it has a second name" \
		"a file of such a task that has a second name"
	rm -r "$REGISTRY/twice" /run/other
}

# The control without the plugin: the clone reads its file, and finds the number that it saw before.
check_control()
{
	without_plugin
	counter control 9
	ok "control: a container with a counter file starts" start control
	ok "control: it is dumped without the plugin" checkpoint control bare
	counter twin 9
	ok "control: it is restored without the plugin" restore_with "$REGISTRY/twin/counter" bare twin
	read_news bare twin
	is "${LOG[*]}" "" "control: it sees the old generation"
	container_kill twin
	with_plugin
	refused bare "$REGISTRY/twin/counter" "there is no $IMAGE that says how far it had got" \
		"an image that was made without the plugin"
}

# refused IMAGE FILE MESSAGE WHAT
refused()
{
	not_ok "$4: refused" restore_with "$2" "$1" refused
	like "$(messages "$1/restore-refused.log")" "Error .*sysgenid: .*$3" "$4: the message says so"
	ok "$4: nothing is left of it" wait_for 30 nobody_is_left
	umount -l "$CR_DIR/refused.root" 2>/dev/null || :
}

# If this is set, criu has a /run of its own, as in a container, and the machine's at RUN_SEEN.
BLIND=''
RUN_SEEN=$CR_DIR/seen-run

criu()
{
	if [[ -z $BLIND ]]; then
		command criu "$@"
	else
		# shellcheck disable=SC2016  # expanded inside
		unshare --mount --propagation private bash -c 'mount --bind /run "$0" &&
			mount -t tmpfs tmpfs /run && exec criu "$@"' "$RUN_SEEN" "$@"
	fi
}

# criu before 4.0 does not ask for each task: the image is made useless.
check_blind_dump()
{
	local unknown="has the counter file /sysgenid/containers/blind/counter, .*does not have it here"

	if criu_41_or_newer; then
		not_ok "criu does not see the registry: a dump is refused" checkpoint blind blind
	else
		ok "criu does not see the registry: a dump ends" checkpoint blind blind
		not_ok "... and cannot be restored" restore_with "$RUN_SEEN/sysgenid/containers/blind/counter" blind never
		umount -l "$CR_DIR/never.root"
	fi
	like "$(messages blind/dump.log)" "Error .*$unknown" "... and the message says so"
}

check_blind()
{
	counter blind 9
	ok "a container with a counter file starts" start blind
	BLIND=yes
	mkdir -p "$RUN_SEEN"
	without_plugin
	ok "control: it is dumped without the plugin by a criu that does not see the registry" \
		checkpoint blind blind-control
	ok "control: it is restored so" restore_with "$RUN_SEEN/sysgenid/containers/blind/counter" blind-control blind-control
	read_news blind-control blind-control
	is "${LOG[*]}" "" "control: it sees the old generation"
	container_kill blind-control
	with_plugin
	ok "such a container starts again" start blind
	check_blind_dump
	container_kill blind
	refused image "$RUN_SEEN/sysgenid/containers/blind/counter" "does not have it here" \
		"a restore by a criu that does not see the registry"
	refused blind-control "$RUN_SEEN/sysgenid/containers/blind/counter" "does not have it here" \
		"the same of an image that was made without the plugin"
	BLIND=''
}

# The file may be one that others share. What a forged image says must not bring it to the end of its numbers.
check_far_mark()
{
	counter far 9
	cp -a "$CR_DIR/image" "$CR_DIR/far"
	cp "$CR_DIR/image.log" "$CR_DIR/far.log"
	tests/cr/image-edit set "$CR_DIR/far/$IMAGE" file_mark=2147483648
	refused far "$REGISTRY/far/counter" "absurdly far above it.*follow-any-mark" "a mark that no file reaches: refused"
	is "$(word far)" 9 "... and the file stays"
	switches 'follow-any-mark = yes'
	clone far 9 2147483649 far
	rm /etc/sysgenid/criu.conf
	container_kill far
}

check_hostile()
{
	local none='a file that is none of this machine'

	"$SUBJECT" page /run/foreign 9 >/dev/null
	refused image /run/foreign "$none" "a file that is not in the registry"
	is "$("$SUBJECT" page /run/foreign)" 9 "... and it is not touched"
	counter long 9
	truncate -s 8192 "$REGISTRY/long/counter"
	not_ok "a file of another size: refused" restore_with "$REGISTRY/long/counter" image refused
	ok "a file of another size: nothing is left of it" wait_for 30 nobody_is_left
	umount -l "$CR_DIR/refused.root" 2>/dev/null || :
	not_ok "a device node in its place: refused" restore_with /dev/zero image refused
	ok "a device node in its place: nothing is left of it" wait_for 30 nobody_is_left
	umount -l "$CR_DIR/refused.root" 2>/dev/null || :
	counter broken 9
	printf 'x' | dd of="$REGISTRY/broken/counter" bs=1 seek=64 conv=notrunc status=none
	refused image "$REGISTRY/broken/counter" "it does not have a counter's layout" "a file that is no counter's page"
	check_far_mark
	counter last 9
	cp -a "$CR_DIR/image" "$CR_DIR/last"
	cp "$CR_DIR/image.log" "$CR_DIR/last.log"
	tests/cr/image-edit set "$CR_DIR/last/$IMAGE" file_mark=4294967295
	refused last "$REGISTRY/last/counter" "no generation is above that" "an image whose file had reached its end"
}

# told_and_dead LOG MESSAGE: is it in criu's log, and is everything restored a zombie or gone?
told_and_dead()
{
	local task

	grep -q "$2" "$CR_DIR/$1" || return
	while read -r task; do
		[[ $(<"${task%/ns/*}/stat") == *') Z '* ]] || return
	done < <(half_restored)
}

# criu can be killed while it waits; the tasks go on then.
check_unread()
{
	local pipe job status=0

	mkfifo "$CR_DIR/pipe"
	exec {pipe}<>"$CR_DIR/pipe"
	dd if=/dev/zero of="$CR_DIR/pipe" bs=4096 oflag=nonblock 2>/dev/null
	restore_with /run/foreign image unread >/dev/null 2>&"$pipe" &
	job=$!
	ok "nobody reads criu's messages: tasks that must not run are dead before it waits for that" \
		wait_for 15 told_and_dead image/restore-unread.log 'has none now'
	ok "... which it does" kill -0 "$job"
	dd if="$CR_DIR/pipe" of=/dev/null bs=4096 iflag=nonblock 2>/dev/null
	wait "$job" || status=$?
	is "$status" 1 "... and fails when they are read"
	exec {pipe}>&-
	ok "... and nothing is left of it" wait_for 30 nobody_is_left
	umount -l "$CR_DIR/unread.root"
}

# The capabilities that podman leaves the root of a container. There is no seccomp profile here.
CAPS=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+net_bind_service,+setfcap,+setgid,+setpcap,+setuid,+sys_chroot
REFUSED='write EROFS, reopen EROFS, truncate EROFS, chmod EROFS, chown EROFS, link EXDEV, rename EBUSY, replace EBUSY, '
REFUSED+='unlink EBUSY, mprotect EACCES, memory EIO, punch EACCES, remount EPERM, userns-remount EPERM, cover EPERM, '
REFUSED+='handle EPERM, others ENOENT, '

# hostile_start NAME CAPS FILE
hostile_start()
{
	CONTAINER_COUNTER=$REGISTRY/node/counter command_start "$1" setpriv --inh-caps=-all --bounding-set "$2" \
		"$SUBJECT" hostile "$3" hold
}

# Prints what the hostile program has tried, and what came of it.
tried()
{
	read_log "$1" && lines_like '^try ' && printf '%s, ' "${MATCHES[@]#try }"
}

attributes()
{
	stat -c '%s %a %u %g %h %i' "$REGISTRY/node/counter"
}

waits_for_lease()
{
	grep -q 'LEASE  BREAKING' /proc/locks
}

has_processes()
{
	[[ $(half_restored) == "$1" ]]
}

# With a lease on the file criu's last hook waits, before any task runs. If criu is killed there, the kernel must not let its
# tasks run: their number is the old one.
check_killed()
{
	local before job new

	before=$(half_restored)
	echo 60 >/proc/sys/fs/lease-break-time
	restore_with "$REGISTRY/node/counter" image killed >"$CR_DIR/killed.err" 2>&1 &
	job=$!
	ok "a restore waits for the lease" wait_for 60 waits_for_lease
	new=$(half_restored | grep -vxF -- "$before" | head -n 1)
	ok "its task is there" test -e "$new"
	# criu's program has another name where a loader of its own starts it.
	kill -9 "$(awk '/^TracerPid:/ { print $2 }' "${new%/ns/pid}/status")"
	wait "$job"
	ok "criu is killed: no task of it is left" wait_for 30 has_processes "$before"
	is "$(word node)" 9 "the file is as it was"
	echo 1 >/proc/sys/fs/lease-break-time
	umount -l "$CR_DIR/killed.root" 2>/dev/null || :
}

# The node's file is shared: what one of its containers can do, it can do to others.
check_hostile_container()
{
	local before

	counter node 9
	before=$(attributes)
	ok "a container with the node's file starts, whose root is hostile" hostile_start hostile "$CAPS" /dev/sysgenid
	is "$(tried hostile)" "$REFUSED" "it cannot write, replace or uncover the file, nor find others"
	is "$(word node) $(attributes)" "9 $before" "the file is as it was"
	like "$(</proc/locks)" "LEASE  ACTIVE    READ .*:$(stat -c %i "$REGISTRY/node/counter") " "it holds a lease on the file"
	check_killed
	ok "with all that a restore with this file is not stopped" restore_with "$REGISTRY/node/counter" image victim
	is "$(word node)" 10 "the file is raised"
	ok "and the copy sees it" wait_for 30 last_line_is victim 10
	container_kill victim
	container_kill hostile
	install -m 644 "$REGISTRY/node/counter" /root/own
	ok "control: a root starts that is hostile to a file of its own" hostile_start own "$CAPS" /root/own
	like "$(tried own)" "^(\w+ 0, ){9}mprotect" "control: that can be written, replaced and removed"
	container_kill own
	ok "a container with CAP_SYS_ADMIN starts" hostile_start admin +all /dev/sysgenid
	like "$(tried admin)" "remount 0, " "that can make its own file writable: not promised otherwise"
	container_kill admin
}

# has_ended NAME: a dump in the background, whose status is in NAME.status
has_ended()
{
	[[ -s $CR_DIR/$1.status ]]
}

# dump_aside NAME [OPTION]...: dumps in the background, since the dump may wait for a stopped server
dump_aside()
{
	rm -f "$CR_DIR/$1.status"
	{
		dump "$1" "$@"
		echo $? >"$CR_DIR/$1.status"
	} &
}

# A file system whose server is stopped answers nobody, and it can be at the path of the counter.
check_fuse()
{
	local server

	ok "a kernel with FUSE" modprobe fuse
	ok "a container starts" subject_start fuse draw
	pid_of fuse
	nsenter --mount --target "$PID" "$SUBJECT" fuse /dev/sysgenid >"$CR_DIR/fuse.server" &
	ok "a server outside of it serves its /dev/sysgenid by FUSE" wait_for 30 grep -q serving "$CR_DIR/fuse.server"
	server=$(pgrep -f "^$SUBJECT fuse")
	kill -STOP "$server"
	dump_aside fuse --external 'mnt[/dev/sysgenid]:served'
	ok "the server is stopped: a dump ends all the same" wait_for 60 has_ended fuse
	# Processes that wait for the file system.
	kill -CONT "$server"
	wait_for 60 has_ended fuse
	is "$(<"$CR_DIR/fuse.status")" 0 "... and succeeds"
	kill "$server"
	ok "a container starts that serves its own /dev/sysgenid" command_start own-fuse \
		bash -c "'$SUBJECT' fuse /dev/sysgenid >/run/served & until grep -q serving /run/served; do sleep 0.1; done
			exec '$SUBJECT' draw"
	dump_aside own-fuse
	ok "its server is dumped with it: the dump ends" wait_for 60 has_ended own-fuse
	container_kill own-fuse
	wait_for 60 has_ended own-fuse
	isnt "$(<"$CR_DIR/own-fuse.status")" 0 "... refused by criu, which dumps no FUSE"
}

# Counter files on the machine are no reason to touch a container that has none.
check_unrelated()
{
	ok "a container without a file starts" subject_start unrelated draw
	ok "it is dumped" dump unrelated unrelated
	ok "it is restored" restore unrelated free
	signal free
	ok "it goes on" wait_for 30 news_has unrelated free '^drawn$'
	container_kill free
	is "$(word bystander)" 9 "no file moves"
}

# A container's root makes a file of that form, mounts it and maps it: for the host's criu it is none of ours.
check_alike()
{
	"$SUBJECT" page /root/alike 9 >/dev/null
	CONTAINER_COUNTER=/root/alike ok "a container with a file that only looks like a counter file starts" \
		subject_start alike mapping
	ok "it is dumped by the host" checkpoint alike alike
	unlike "$(tests/cr/image-edit show "$CR_DIR/alike/$IMAGE")" '^file_|\nfile_' "the image says nothing of it"
	ok "it is restored by the host" restore_with /root/alike alike alike-again
	is "$("$SUBJECT" page /root/alike) $(word bystander)" "9 9" "neither it nor another file moves"
	container_kill alike-again
}

no_module
install_plugin
with_plugin
# How long the kernel waits before it takes a lease away.
echo 1 >/proc/sys/fs/lease-break-time
check_clones
check_control
check_jailed
check_blind
check_hostile
check_unread
check_hostile_container
check_fuse
check_unrelated
check_alike
ok "no process is left" wait_for 30 nobody_is_left
rm -r "$REGISTRY"
done_testing
