#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=400
# One archive made by podman, imported three times; and by which means a container gets the counter.
set -uo pipefail
. tests/runtimes/podman.sh
. tests/vm/docs.sh

seccomp_mode()
{
	sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$1/status"
}

NO_MODULE="sysgenid: cannot make a new generation: the module sysgenid is not loaded; run 'modprobe sysgenid'"

sysgenid()
{
	build/tools/sysgenid "$@"
}

incarnation()
{
	sysgenid status --json --pid "$(runtime_pid "$1")" | jq -r .incarnation
}

# The commands of the pages, with podman's own defaults. For IMAGE stands ours, with what it needs.
check_pages()
{
	DOCS_WORDS=([IMAGE]="--network none --tmpfs /run $IMAGE /bin/token-server serve /run/token")
	run_marked docs/containers.md tests/vm/t/72-podman.t
	check_copies containers.md
	ln -s /root/server.tar checkpoint.tar
	run_marked docs/kubernetes.md tests/vm/t/72-podman.t
	check_copies kubernetes.md
	rm checkpoint.tar
	runtime_remove server
}

# check_copies PAGE: copy-a and copy-b, as the page has made them
check_copies()
{
	local copy

	for copy in a b; do
		ok "$1: copy-$copy answers" tokens_of "$copy" "$(runtime_pid "copy-$copy")"
		like "$(incarnation "copy-$copy")" '^[0-9a-f]{32}$' "$1: copy-$copy has an incarnation"
	done
	is "$(shared_tokens a b)" 0 "$1: no token is handed out twice"
	isnt "$(incarnation copy-a)" "$(incarnation copy-b)" "$1: each copy has another incarnation"
	runtime_remove copy-a copy-b
}

check_error_of_page()
{
	# shellcheck disable=SC2034  # for docs.sh
	DOCS_WORDS=([ARCHIVE]=/root/server.tar [NAME]=refused)
	run_marked docs/containers.md tests/vm/t/72-podman.t fails
	runtime_remove refused
	rm /root/server.tar
}

# Starts a log that takes what would go to the journal.
start_syslog()
{
	python3 - "$CR_DIR/syslog" <<-'END' >/dev/null 2>&1 &
		import socket, sys
		log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		log.bind("/dev/log")
		with open(sys.argv[1], "ab", 0) as out:
		    while True:
		        out.write(log.recv(65536) + b"\n")
	END
	wait_for 20 test -S /dev/log
}

syslog_has()
{
	[[ $(<"$CR_DIR/syslog") =~ $1 ]]
}

fresh_module
machine_with_plugin
ok "an image is made" make_image
ok "a container with --device starts" start server --device /dev/sysgenid || bail "no container"
check_control server
check_clones image server
is "$(seccomp_mode "$(runtime_pid a)")" 2 "all that with podman's default seccomp profile"
not_ok "a container's root cannot move its generation: podman's capabilities are too few" podman exec a /bin/subject trigger
runtime_remove a b c
# Debian 12's crun, podman's default there, cannot checkpoint.
! criu_41_or_newer || check_pages
no_module
! criu_41_or_newer || check_error_of_page
ok "the machine's log is listened to" start_syslog
check_refused image refused "module not loaded" "$NO_MODULE"
# Debian 12's podman writes nothing to the log.
! criu_41_or_newer || ok "module not loaded: the machine's log has the reason, too" wait_for 20 syslog_has "conmon.*runtime stderr: .*$NO_MODULE"
not_ok "module not loaded: refused with podman's debug messages" runtime_restore image refused --log-level debug
like "$(said refused)" "Error: .*$NO_MODULE" "module not loaded: then podman shows the reason itself"
runtime_remove refused
ok "the module is loaded with another minor" load_module minor=250
check_refused image refused "another minor on this machine" \
	'sysgenid: /dev/sysgenid is the device 10:243, but the counter is 10:250 here: load the module with minor=243'
fresh_module
check_means bind --volume /dev/sysgenid:/dev/sysgenid --device-cgroup-rule 'c 10:243 rw'
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
