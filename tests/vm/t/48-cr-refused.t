#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Images and machines that a restore must not trust: it is refused with a message that says what to
# do, nothing is left of it, and the system's counter stays where it was.
# vm: timeout=300 suites=bookworm,trixie more=backports
set -uo pipefail
. tests/cr/lib.sh

IMAGE=sysgenid.img

# variant NAME FROM: a copy of an image directory, to be spoilt
variant()
{
	rm -rf "${CR_DIR:?}/$1"
	cp -a "$CR_DIR/$2" "$CR_DIR/$1"
	cp "$CR_DIR/$2.log" "$CR_DIR/$1.log"
}

edit()
{
	tests/cr/image-edit "$1" "$CR_DIR/$2/$IMAGE" "${@:3}"
}

# refused NAME MESSAGE WHAT: the restore is refused, the generation stays, and nothing is left
refused()
{
	local before=none

	[[ ! -e $SYSFS/generation ]] || before=$(generation)
	not_ok "$3: refused" restore "$1" refused
	like "$(messages "$1/restore-refused.log")" "sysgenid: .*$2" "$3: the message says so"
	ok "$3: nothing is left of it" wait_for 30 nobody_is_left
	[[ $before == none ]] || is "$(generation)" "$before" "$3: the counter stays where it was"
	clear_away refused
}

# goes_on NAME MESSAGE WHAT: the restore works, with one warning
goes_on()
{
	ok "$3: restored" restore "$1" goes
	like "$(messages "$1/restore-goes.log")" "sysgenid: .*$2" "$3: there is a warning"
	container_kill goes
}

clear_away()
{
	umount -l "$CR_DIR/$1.root" 2>/dev/null || :
}

restored()
{
	ok "$2" restore "$1" good
	container_kill good
}

make_images()
{
	ok "a process with a mapping is dumped" make_image needing mapping
	ok "a process with a file is dumped" make_image file file
	ok "a process that has nothing of ours is dumped" make_image unrelated draw
}

# make_image NAME SUBJECT [OPTION]...
make_image()
{
	subject_start "$1" "$2" && dump "$1" "$1" "${@:3}"
}

check_bad_image()
{
	variant bad needing
	edit flip bad
	refused bad 'checksum is wrong.* Copy it again' "a corrupt image"
	like "$(messages bad/restore-refused.log)" "copy the image again from where the dump was made" \
		"a corrupt image: the message says what to do"
	variant bad needing
	truncate -s -3 "$CR_DIR/bad/$IMAGE"
	refused bad 'truncated: .* Copy it again' "a truncated image"
	truncate -s 0 "$CR_DIR/bad/$IMAGE"
	refused bad 'truncated: 0 bytes .* Copy it again' "an empty image"
	variant bad needing
	edit version bad 3
	refused bad 'version 3 and this plugin knows versions up to 2 only.* Install the plugin' \
		"an image of another version"
	variant bad unrelated
	edit flip bad
	refused bad 'cannot be used, so nobody knows what the restored processes need' \
		"a corrupt image of a process that has nothing of ours"
}

check_missing_image()
{
	variant missing file
	rm "$CR_DIR/missing/$IMAGE"
	if criu_41_or_newer; then
		refused missing 'file sysgenid.img is missing: copy it' "a missing image"
	else
		# Nothing in this criu's own images says that they need a plugin; nobody can open the file.
		not_ok "a missing image: refused" restore missing refused
		like "$(<"$CR_DIR/missing/restore-refused.log")" 'Unable to restore 0x' \
			"a missing image: criu itself cannot restore the file"
		ok "a missing image: nothing is left of it" wait_for 30 nobody_is_left
		clear_away refused
	fi
	variant missing unrelated
	rm "$CR_DIR/missing/$IMAGE"
	restored missing "a missing image of a process that has nothing of ours does not matter"
}

# inner_event NAME: a process inside the container makes an event
inner_event()
{
	pid_of "$1" && nsenter -t "$PID" -p "$SUBJECT" trigger && wait_for 30 all_see "$1" mapping
}

# The process has seen generations after the dump that sysgenid.img is of: its mark is too low.
check_other_dump()
{
	local last

	ok "another dump's image: a process is dumped and goes on" \
		make_image aging mapping --leave-running
	cp "$CR_DIR/aging/$IMAGE" "$CR_DIR/early.img"
	ok "another dump's image: the process sees new generations" inner_event aging
	ok "another dump's image: the process sees another one" inner_event aging
	last=$(attribute_in aging generation)
	ok "another dump's image: it is dumped again" dump aging late
	variant stale late
	cp "$CR_DIR/early.img" "$CR_DIR/stale/$IMAGE"
	if criu_41_or_newer; then
		refused stale 'belongs to another dump .*copy the image again' "another dump's image"
	else
		not_ok "another dump's image: refused" restore stale refused
		like "$(messages stale/restore-refused.log)" 'sysgenid.img belongs to another dump' \
			"another dump's image: the message says so"
		ok "another dump's image: nothing is left of it" wait_for 30 nobody_is_left
		clear_away refused
	fi
	edit drop stale dump_id dump_clocks
	ok "control: bound to no dump, it is restored" restore stale good
	ok "control: the clone is on a generation that the process had" \
		test "$(attribute_in good generation)" -le "$last"
	container_kill good
	ok "the image of the second dump is restored" restore late good
	ok "the clone sees a generation" wait_for 30 clones_see late good mapping
	ok "and the process had none as high" test "$(attribute_in good generation)" -gt "$last"
	container_kill good
}

# A criu without this plugin dumps into the directory of an earlier dump.
check_reused_directory()
{
	ok "a directory used again: the first dump" make_image reused draw
	restored reused "a directory used again: the first dump is restored"
	without_plugin
	ok "a directory used again: the second dump, without the plugin" make_image reused draw
	with_plugin
	goes_on reused 'sysgenid.img belongs to another dump' "a directory used again"
	switches 'strict = yes'
	not_ok "a directory used again, and strict: refused" restore reused refused
	like "$(messages reused/restore-refused.log)" 'belongs to another dump .*strict = yes' \
		"a directory used again, and strict: the message says so"
	clear_away refused
	rm /etc/sysgenid/criu.conf
	ok "a directory used again: the third dump, with the plugin" make_image reused draw
	restored reused "a directory used again: the third dump is restored"
	is "$(messages reused/restore-good.log | grep -c 'belongs to another dump')" 0 \
		"a directory used again: and with its own image"
}

NO_GENL=/sysgenid/build/tests/cr/no_genl.so

plainly()
{
	"$@"
}

without_netlink()
{
	LD_PRELOAD=$NO_GENL "$@"
}

# mapping_refused WHAT COMMAND...: the mapping of the image "missing" has no mark to go above
mapping_refused()
{
	not_ok "$1: refused" "${@:2}" restore missing refused
	like "$(messages "missing/restore-refused.log")" \
		'Error .*sysgenid: a task had the counter mapped from /dev/sysgenid, .*copy the image again' \
		"$1: the message says so, in the form of criu's own errors"
	ok "$1: nothing is left of it" wait_for 30 nobody_is_left
	clear_away refused
}

# Only sysgenid.img tells of a process that has the counter mapped and no file of it.
check_missing_image_of_mapping()
{
	local before

	variant missing needing
	rm "$CR_DIR/missing/$IMAGE"
	if criu_41_or_newer; then
		refused missing 'file sysgenid.img is missing: copy it' "a missing image and a mapping"
		return
	fi
	mapping_refused "a missing image and a mapping" plainly
	mapping_refused "a missing image and a mapping, and the kernel cannot be asked" without_netlink
	without_plugin
	before=$(generation)
	ok "control: this criu without the plugin restores the mapping" restore missing good
	is "$(generation)" "$before" "control: and no generation is made for it"
	container_kill good
	with_plugin
}

# The kernel does not answer. That does not mean that the module is not loaded.
check_no_netlink()
{
	not_ok "no netlink and a mapping: refused" without_netlink restore needing refused
	like "$(messages needing/restore-refused.log)" \
		'Error .*sysgenid: cannot make a new generation: No buffer space available' \
		"no netlink and a mapping: the message says so"
	ok "no netlink and a mapping: nothing is left of it" wait_for 30 nobody_is_left
	clear_away refused
	ok "no netlink and a process that has nothing of ours: restored" without_netlink restore unrelated good
	container_kill good
}

# A file of switches that cannot be read may say strict = yes.
check_unreadable_switches()
{
	ln -s criu.conf /etc/sysgenid/criu.conf
	refused unrelated 'criu.conf cannot be used and may say strict = yes' "unreadable switches"
	like "$(messages unrelated/restore-refused.log)" 'cannot open /etc/sysgenid/criu.conf: Too many levels' \
		"unreadable switches: the message says why"
	ok "unreadable switches: a process starts" subject_start unread mapping
	ok "unreadable switches: a dump works" dump unread unread
	rm /etc/sysgenid/criu.conf
}

# A user who can write the file of switches must not be able to make restores lax.
check_untrusted_switches()
{
	switches 'strict = yes'
	chmod 664 /etc/sysgenid/criu.conf
	refused unrelated 'criu.conf cannot be used and may say strict = yes' "switches that a group can write"
	like "$(messages unrelated/restore-refused.log)" 'criu.conf cannot be trusted: .*chown root, chmod 644' \
		"switches that a group can write: the message says what to do"
	rm /etc/sysgenid/criu.conf
	chmod 777 /etc/sysgenid
	refused unrelated 'criu.conf cannot be used' "a folder of switches that anybody can write"
	chmod 755 /etc/sysgenid
}

# criu without the plugin must not restore a process that needs the plugin.
check_no_plugin()
{
	local before

	before=$(generation)
	without_plugin
	not_ok "no plugin and a file: refused" restore file refused
	like "$(<"$CR_DIR/file/restore-refused.log")" 'Error .*(sysgenid|Unable to restore 0x)' \
		"no plugin and a file: criu says what it cannot restore"
	ok "no plugin and a file: nothing is left of it" wait_for 30 nobody_is_left
	clear_away refused
	if criu_41_or_newer; then
		not_ok "no plugin and a mapping: refused" restore needing refused
		like "$(<"$CR_DIR/needing/restore-refused.log")" 'Error .*sysgenid' \
			"no plugin and a mapping: criu says which plugin the image needs"
		clear_away refused
	fi
	is "$(generation)" "$before" "no plugin: the counter stays where it was"
	with_plugin
}

check_mark()
{
	variant high needing
	edit set high own_pid_namespace=false other_pid_namespace=false
	edit marks high 4294967295
	refused high 'reached its end, 4294967295.* Make the dump again on a freshly booted machine' \
		"a mark of 2^32 - 1"
	edit marks high 4294967294
	refused high 'reached 4294967294, absurdly far .*sysgenid trigger --min 4294967294 --force' \
		"a mark of 2^32 - 2"
	variant high unrelated
	edit set high own_pid_namespace=false other_pid_namespace=false
	edit marks high 4294967294
	goes_on high 'not followed there' "a mark of 2^32 - 2 and a process that has nothing of ours"
	ok "and the counter moves by a step only" test "$(generation)" -lt 1000
	edit marks high 4294967295
	goes_on high 'it is not followed' "a mark of 2^32 - 1 and a process that has nothing of ours"
	ok "and the counter moves by a step only again" test "$(generation)" -lt 1000
}

# An image can claim anything. The limit for the system's counter holds whatever the image claims.
check_claims()
{
	local before

	variant claims needing
	edit set claims 'mappings="/dev/sysgenid (deleted)"'
	ok "the counter under another path: restored" restore claims good
	ok "the counter under another path: the clone sees another generation" \
		wait_for 30 clones_see claims good mapping
	container_kill good
	variant claims unrelated
	edit set claims counter_required=true
	edit add claims 'mappings: "/dev/sysgenid"'
	not_ok "a mapping that no task has: refused" restore claims refused
	like "$(messages claims/restore-refused.log)" 'no restored task has asked for it' \
		"a mapping that no task has: the message says so"
	ok "a mapping that no task has: nothing is left of it" wait_for 30 nobody_is_left
	clear_away refused
}

# replace_node NAME
replace_node()
{
	pid_of "$1" && nsenter -t "$PID" -m sh -ec 'ln /dev/sysgenid /dev/x; rm /dev/sysgenid; mv /dev/x /dev/sysgenid'
}

# By a hard link to itself the node gets a new name that looks like the old one, which the process has no more.
# "--link-remap" lets criu dump such files, under another name.
check_replaced_node()
{
	local last

	ok "a replaced node: a process starts" subject_start replaced mapping
	ok "a replaced node: the process sees a new generation" inner_event replaced
	ok "a replaced node: and another one" inner_event replaced
	last=$(attribute_in replaced generation)
	ok "a replaced node: it is replaced" replace_node replaced
	not_ok "a replaced node: the process is not dumped" dump replaced gone --link-remap
	like "$(messages gone/dump.log)" 'device node that was deleted or replaced since' \
		"a replaced node: the message says so"
	with_silent_plugin
	ok "control: with a plugin that does nothing the process is dumped" dump replaced blind --link-remap
	ok "control: and restored" restore blind good
	ok "control: the clone is on a generation that the process had" \
		test "$(attribute_in good generation)" -le "$last"
	container_kill good
	with_plugin
}

check_strict()
{
	switches 'strict = yes'
	variant strict unrelated
	rm "$CR_DIR/strict/$IMAGE"
	refused strict 'made without this plugin or not copied in full.*strict = yes' \
		"strict: an image made without the plugin"
	restored unrelated "strict: a good image is restored"
	edit_unrelated_mark
	switches 'strict = yes' 'bump-after-dump = maybe'
	refused unrelated 'has strict = yes and mistakes' "strict: mistakes in the switches"
	rm /etc/sysgenid/criu.conf
}

edit_unrelated_mark()
{
	variant high unrelated
	edit set high own_pid_namespace=false other_pid_namespace=false
	edit marks high 4294967295
	refused high 'no generation is above that.*strict = yes' "strict: a mark of 2^32 - 1"
}

restore_as_own_root()
{
	unshare --user --map-root-user criu restore -d -D "$CR_DIR/needing" -v4 -o restore-unprivileged.log "$@"
}

# Root of a user namespace passes criu's own check of capabilities, and fails the kernel's. criu 4.2 and newer asks the kernel
# for something that needs them before it loads a plugin; with --unprivileged it does not.
check_no_capability()
{
	local before
	local -a options=()

	before=$(generation)
	if criu_is_at_least 4.2; then
		not_ok "without capabilities: criu itself refuses" restore_as_own_root
		like "$(<"$CR_DIR/needing/restore-unprivileged.log")" \
			'Error .*SO_SNDBUFFORCE/SO_RCVBUFFORCE: Operation not permitted' \
			"without capabilities: criu says what it may not"
		options=(--unprivileged)
	fi
	not_ok "without capabilities: refused" restore_as_own_root "${options[@]}"
	like "$(messages needing/restore-unprivileged.log)" \
		"sysgenid: cannot make a new generation: .*run criu with CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN" \
		"without capabilities: the message says which are needed"
	ok "without capabilities: nothing is left of it" wait_for 30 nobody_is_left
	is "$(generation)" "$before" "without capabilities: the counter stays where it was"
}

check_no_module()
{
	ok "the module can be unloaded" unload_module
	refused needing "module sysgenid is not loaded; run 'modprobe sysgenid'" "no module and a mapping"
	refused file "module sysgenid is not loaded; run 'modprobe sysgenid'" "no module and a file"
	goes_on unrelated "module sysgenid is not loaded; .* To get rid of this warning: run 'modprobe" \
		"no module and a process that has nothing of ours"
	switches 'strict = yes'
	refused unrelated "module sysgenid is not loaded; .*strict = yes" "strict: no module"
	rm /etc/sysgenid/criu.conf
}

check_follow()
{
	switches 'follow-any-mark = yes'
	variant high needing
	edit set high own_pid_namespace=false other_pid_namespace=false
	edit marks high 4294967293
	restored high "follow-any-mark: an absurd mark is followed by who asks for it"
	is "$(generation)" 4294967294 "follow-any-mark: the system's counter is above it"
	rm /etc/sysgenid/criu.conf
}

fresh_module
install_plugin
with_plugin
make_images
restored needing "control: the image with a mapping is restored as it is"
restored file "control: the image with a file is restored as it is"
check_other_dump
check_reused_directory
check_bad_image
check_missing_image
check_missing_image_of_mapping
check_no_netlink
check_unreadable_switches
check_untrusted_switches
check_no_plugin
check_mark
check_claims
check_replaced_node
check_strict
check_no_capability
check_no_module
load_module
check_follow
done_testing
