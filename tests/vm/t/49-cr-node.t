#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# criu restores the device node with the number that the node had at the dump. If the counter has another
# number now, no restored process may run.
set -uo pipefail
. tests/cr/lib.sh

refused()
{
	ok "$2: nothing is left of it" wait_for 30 nobody_is_left
	like "$(<"$CR_DIR/$1/restore-refused.log")" "$3" "$2: the message says so"
	umount -l "$CR_DIR/refused.root" 2>/dev/null || :
}

# other_node FROM NAME MAJOR MINOR: a copy of an image, with another device at the path
other_node()
{
	cp -a "$CR_DIR/$1" "$CR_DIR/$2"
	cp "$CR_DIR/$1.log" "$CR_DIR/$2.log"
	tests/cr/image-edit node "$CR_DIR/$2" ./sysgenid "$3" "$4"
}

fresh_module
install_plugin
with_plugin
ok "a process with a mapping starts" subject_start mapping mapping
ok "it is dumped" dump mapping mapping
ok "a process with a file starts" subject_start file file
ok "it is dumped" dump file file
ok "control: the mapping is restored as it is" restore mapping good
container_kill good

for device in '1 5' '1 1'; do
	name=node-${device/ /-}
	other_node mapping "$name" ${device% *} ${device#* }
	not_ok "mapping of the device $device: refused" restore "$name" refused
	refused "$name" "mapping of the device $device" \
		"sysgenid: /dev/sysgenid is the device ${device/ /:}, but the counter is 10:243 here: make the node again"
done
other_node file node-file 1 3
not_ok "file of the device 1 3: refused" restore node-file refused
refused node-file "file of the device 1 3" \
	'sysgenid: /dev/sysgenid is the device 1:3, but the counter is 10:243 here: make the node again'

ok "the module can be unloaded" unload_module
ok "the module is loaded with another minor" load_module minor=250
not_ok "another minor and a file: refused" restore file refused
refused file "another minor and a file" \
	'sysgenid: /dev/sysgenid is the device 10:243, but the counter is 10:250 here: load the module with minor=243'
not_ok "another minor and a mapping: refused" restore mapping refused
refused mapping "another minor and a mapping" \
	'sysgenid: /dev/sysgenid is the device 10:243, but the counter is 10:250 here: load the module with minor=243'
ok "the module can be unloaded again" unload_module
ok "the module is loaded with the minor of the dump" load_module
ok "control: then the file is restored" restore file good
container_kill good
done_testing
