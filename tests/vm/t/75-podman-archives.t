#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# vm: mem=3072 timeout=400 suites=engines more=trixie,bookworm
# podman with a counter file and its view, and no module; archives of podman's own and of Kubernetes' layout; pods.
set -uo pipefail
. tests/runtimes/podman.sh
. tests/runtimes/view.sh

HOOK=/usr/local/libexec/sysgenid/sysgenid-hook
FILES=/run/sysgenid/containers
HIGH=2000000000

# The parts of an archive that Kubernetes' engines agree on, put together by hand.
assemble()
{
	local from=$CR_DIR/$1.parts

	mkdir -p "$from/rootfs/etc" && tar -C "$from" -xf "$CR_DIR/$1.tar" &&
		echo changed >"$from/rootfs/etc/added" &&
		tar -C "$from/rootfs" -cf "$from/rootfs-diff.tar" etc/added &&
		tar -C "$from" -cf "$CR_DIR/$2.tar" checkpoint config.dump spec.dump rootfs-diff.tar
}

# forge ARCHIVE: as "forged", with an image that says that nobody but its tasks is in their PID namespace; and as "same"
# without that
forge()
{
	local parts=$CR_DIR/forged.parts

	mkdir -p "$parts" && tar -C "$parts" -xf "$CR_DIR/$1.tar" &&
		tar -C "$parts" -cf "$CR_DIR/same.tar" . &&
		tests/cr/image-edit add "$parts/checkpoint/sysgenid.img" 'own_pid_namespace: true' &&
		tar -C "$parts" -cf "$CR_DIR/forged.tar" .
}

# check_forged ARCHIVE
check_forged()
{
	local processes

	ok "an archive is put together that claims a PID namespace of its own" forge "$1"
	ok "control: without the claim it is restored" p container restore --import "$CR_DIR/same.tar" --pod second --name same
	runtime_remove same
	processes=$(pgrep --count --exact token-server)
	mkdir -p "$CR_DIR/criu" && echo "work-dir $CR_DIR/criu" >/etc/criu/runc.conf
	not_ok "with it the archive is not restored among others" \
		p container restore --import "$CR_DIR/forged.tar" --pod second --name forged
	like "$(<"$CR_DIR/criu/restore.log")" "the image may be forged. The restored tasks are killed" "criu's log says why"
	is "$(pgrep --count --exact token-server)" "$processes" "nothing of it runs"
	rm /etc/criu/runc.conf
	ok "its neighbour answers" tokens_of neighbour "$(runtime_pid neighbour)"
}

make_pod()
{
	p pod create --name "$1" --share pid,ipc,uts,net --network none --infra-image "$IMAGE" \
		--infra-command '/bin/sleep 1000' >/dev/null
}

# start_in_pod POD NAME COMMAND...
start_in_pod()
{
	p run --detach --pod "$1" --name "$2" --device /dev/sysgenid --tmpfs /run "$IMAGE" "${@:3}" >/dev/null
}

# last_seen NAME: the last number that the program "subject mapping" saw
last_seen()
{
	podman logs "$1" | awk '$2 == "sees" { last = $3 } END { print last + 0 }'
}

saw_more_than()
{
	(($(last_seen "$1") > $2))
}

# Processes that have the counter open, and those that only have it mapped, are restored in different ways.
check_mapping_in_pod()
{
	local first

	ok "a program in a container of the pod maps the counter" start_in_pod first mapper /bin/subject mapping
	ok "and sees it" wait_for 60 saw_more_than mapper "$((far - 1))"
	ok "it is dumped" runtime_dump mapper mapper
	runtime_remove mapper
	ok "it is restored into the other pod" p container restore --import "$CR_DIR/mapper.tar" --pod second --name mapped
	ok "it sees a generation above all that it had seen" wait_for 60 saw_more_than mapped "$far"
	ok "its neighbour there answers again" tokens_of neighbour "$(runtime_pid neighbour)"
	is "$(last_generation neighbour)" "$(last_seen mapped)" "and sees the same"
	first=$(last_seen mapped)
	runtime_remove mapped
	ok "it is restored there once more" p container restore --import "$CR_DIR/mapper.tar" --pod second --name again
	ok "it sees another generation than the first copy" wait_for 60 saw_more_than again "$first"
	runtime_remove again
}

check_pods()
{
	local before far=5000 OCI_RUNTIME=runc
	local -a server=(/bin/token-server serve /run/token)

	ok "pods with a shared PID namespace are made" make_pod first && make_pod second
	# The neighbour in the other pod must have another PID than the member, which keeps its own.
	ok "a first container of a pod starts" start_in_pod first earlier "${server[@]}"
	ok "and a second one" start_in_pod first member "${server[@]}"
	ok "its pod's counter is moved far" sysgenid trigger --pid "$(runtime_pid member)" --min "$far"
	ok "a container of the other pod starts" start_in_pod second neighbour "${server[@]}"
	ok "it answers" tokens_of neighbour "$(runtime_pid neighbour)"
	ok "control: its pod's counter is below that" test "$(last_generation neighbour)" -lt "$far"
	check_mapping_in_pod
	far=$((2 * far))
	ok "the first pod's counter is moved on" sysgenid trigger --pid "$(runtime_pid member)" --min "$far"
	ok "the second container answers" tokens_of member "$(runtime_pid member)"
	ok "control: the other pod's counter is below that" test "$(last_generation neighbour)" -lt "$far"
	ok "it is dumped" runtime_dump member member
	runtime_remove member
	before=$(generation)
	ok "it is restored into the other pod" p container restore --import "$CR_DIR/member.tar" --pod second --name copy
	ok "the copy answers" tokens_of copy "$(runtime_pid copy)"
	ok "it sees a generation above all that it had seen" test "$(last_generation copy)" -gt "$(last_generation member)"
	ok "its neighbour answers again" tokens_of neighbour "$(runtime_pid neighbour)"
	is "$(last_generation neighbour)" "$(last_generation copy)" "and sees it as well: the pod's counter has moved"
	is "$(shared_tokens member copy)" 0 "no token is handed out twice"
	is "$(generation)" "$before" "the system's generation has not moved: the pod's has"
	runtime_remove copy
	check_forged member
	podman pod rm --force --time 0 first second >/dev/null
}

word_of()
{
	"$SUBJECT" page "$FILES/$1/counter"
}

# A root with podman's capabilities and seccomp profile: test 51 tells of each attempt.
check_hostile()
{
	local -a tried
	local before

	before=$(sysgenid status)
	mapfile -t tried < <(podman exec "$1" /bin/subject hostile /dev/sysgenid)
	is "${#tried[@]}" 17 "no module: a hostile root tries what it can"
	unlike "${tried[*]}" ' 0( |$)' "no module: nothing of that works"
	is "$(sysgenid status)" "$before" "no module: nobody's counter has moved"
}

# The archive "own" was made at a number at which no new file begins.
check_reboot()
{
	rm -r /run/sysgenid
	not_ok "as after a reboot, without the files: the archive is not restored" runtime_restore own early
	runtime_remove early
	ok "the original's file is made anew" "$HOOK" make "$1"
	ok "control: it is below what the archive's container saw" test "$(word_of "$1")" -lt "$HIGH"
	ok "then the archive is restored" runtime_restore own late
	ok "the copy answers" tokens_of late "$(runtime_pid late)"
	ok "on a new generation" test "$(last_generation late)" -gt "$(last_generation before)"
	runtime_remove late
}

no_module
rm -f /etc/criu/default.conf
make -s install >/dev/null 2>&1 || bail "make install"
ldconfig
ok "an image is made" make_image

ok "no module: a container with a file starts" start own --annotation dev.sysgenid.counter=file
id=$(podman inspect --format '{{.Id}}' own)
ok "no module: its counter is moved far" sysgenid trigger --container "$id" --min "$HIGH"
ok "no module: a bystander starts" start bystander --annotation dev.sysgenid.counter=file
ok "no module: the bystander answers" tokens_of bystander "$(runtime_pid bystander)"
before=$(last_generation bystander)
check_control own
check_clones own own
ok "no module: the bystander answers again" tokens_of bystander "$(runtime_pid bystander)"
is "$(last_generation bystander)" "$before" "no module: its generation has not moved"
check_hostile bystander
runtime_remove a b c bystander
check_reboot "$id"

# The original stays for the control: its file must be there when the copies are restored.
ok "no module: a client of VMClock starts with the view as a file" start_client view --annotation dev.sysgenid.vmclock=file
id=$(podman inspect --format '{{.Id}}' view)
ok "no module: that is beside its counter file" test -f "$FILES/$id/vmclock" -a -f "$FILES/$id/counter"
check_view_control view view-control "the view as a file" leave-running
check_view view view "the view as a file"

fresh_module
ok "a container with the device starts" start server --device sysgenid.dev/counter=device
ok "it answers" tokens_of before "$(runtime_pid server)"
ok "podman makes an archive of it" runtime_dump server archive
runtime_remove server
ok "an archive of Kubernetes' layout is put together" assemble archive kubernetes
for copy in x y; do
	ok "the archive of Kubernetes' layout is restored as $copy" runtime_restore kubernetes $copy
	ok "$copy answers" tokens_of $copy "$(runtime_pid $copy)"
	isnt "$(last_generation $copy)" "$(last_generation before)" "$copy is on a new generation"
	is "$(cat "/proc/$(runtime_pid $copy)/root/etc/added")" changed "$copy has the changes of its root file system"
done
is "$(shared_tokens before x y)" 0 "no token is handed out twice"
runtime_remove x y
# The podman of Debian 12 cannot start a pod with its runc.
! criu_41_or_newer || check_pods
ok "no process is left" wait_for 30 nobody_is_left
ok "the module can be unloaded: nothing keeps it" unload_module
done_testing
