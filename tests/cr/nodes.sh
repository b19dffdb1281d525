# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Images in which the counter's node has another number. usage: . tests/cr/nodes.sh, after tests/cr/lib.sh

# other_node FROM NAME PATH MAJOR MINOR: a copy of an image, with another device at the path
other_node()
{
	cp -a "$CR_DIR/$1" "$CR_DIR/$2"
	cp "$CR_DIR/$1.log" "$CR_DIR/$2.log"
	tests/cr/image-edit node "$CR_DIR/$2" "$3" "$4" "$5"
}

# refused IMAGE NAME REGEX: the image is not restored, nothing is left of it, and criu's log says why
refused()
{
	not_ok "$2: refused" restore "$1" refused
	ok "$2: nothing is left of it" wait_for 30 nobody_is_left
	like "$(<"$CR_DIR/$1/restore-refused.log")" "$3" "$2: the message says so"
	umount -l "$CR_DIR/refused.root" 2>/dev/null || :
}
