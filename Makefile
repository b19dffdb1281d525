# SPDX-License-Identifier: GPL-2.0-only
# What people type. "make help" lists it.

SUITE ?= trixie
PREFIX ?= /usr/local
DESTDIR ?=
export PREFIX DESTDIR
export BUILD := $(CURDIR)/build

# Parts that run in user space, in the order in which they need each other.
USER_PARTS := lib tools criu-plugin runtime-hooks openssl-provider preload python node
TEST_PARTS := $(patsubst %/Makefile,%,$(wildcard tests/*/Makefile))

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

need-%:
	@tests/vm/need $*

build: need-build $(USER_PARTS) module ## build library, command, plugin, and the module if this kernel's headers are here

$(USER_PARTS) $(TEST_PARTS):
	+@$(MAKE) --no-print-directory -C $@ all

tests/faults: criu-plugin
tools criu-plugin runtime-hooks openssl-provider preload node $(TEST_PARTS): lib

KVER ?= $(shell uname -r)
module:
	+@if [ -d /lib/modules/$(KVER)/build ]; then \
		$(MAKE) --no-print-directory -C kernel KVER=$(KVER) all; \
	else \
		echo "module: not built, the headers of kernel $(KVER) are not installed (linux-headers-$(KVER))"; \
	fi

vm-payload: $(USER_PARTS) $(TEST_PARTS) ## (inside a test image) build all that a test VM needs
	+@$(MAKE) --no-print-directory -C kernel KVER=$(KVER) all

DEMO_PARTS := lib criu-plugin tests/demo
demo-payload: $(DEMO_PARTS) ## (inside the demo's image) build what the demo needs
	+@$(MAKE) --no-print-directory -C kernel KVER=$(KVER) SYSGENID_MODULES=sysgenid all

install: ## install everything but the tests below DESTDIR and PREFIX; the module as source for DKMS
	+@for part in $(USER_PARTS) kernel; do $(MAKE) --no-print-directory -C $$part install || exit; done

packages: need-packages ## Debian packages, built with a release's own tools: make packages SUITE=bookworm|trixie
	@packaging/build $(SUITE)

rpm: need-packages ## RPMs, built and linted with Debian's rpm: not run on Fedora
	@packaging/build trixie --rpm

installer: need-vm need-installer ## the image that installs sysgenid on Kubernetes' nodes, as an OCI archive
	@packaging/installer/build

LINUX ?=
kernel-tree: ## lay the drivers into a Linux source, as a series of patches: make kernel-tree LINUX=DIR
	@packaging/kernel-tree/lay "$(LINUX)"

vm: need-vm ## a shell in a throw-away VM: make vm SUITE=bookworm|trixie|backports
	@tests/vm/shell $(SUITE)

demo: need-vm ## restore a token server twice, without us and with us: make demo SUITE=...
	@tests/demo/demo $(SUITE)

demo-picture: need-vm ## draw docs/demo.svg anew from what the demo prints
	@tests/demo/demo $(SUITE) | docs/draw-demo

pictures: demo-picture ## draw both pictures of the README anew
	@docs/draw-house

demo-vm: need-build need-vm qemu ## the same for a whole machine, with our QEMU device: make demo-vm SUITE=...
	@tests/demo-vm/demo-vm $(SUITE)

check: need-build need-lint need-vm need-check need-qemu $(USER_PARTS) $(TEST_PARTS) ## run the tests, on this machine and in VMs of three suites (half an hour)
	@tests/check

check-kernels: need-vm ## the modules on each kernel that Debian has headers for, and DKMS in a kernel's upgrade
	@tests/vm/build backports
	@tests/kernels.t --all
	@tests/dkms.t --upgrade
	@tests/kernel-tree.t --all

check-packages: need-build need-vm need-check need-qemu tools ## build the Debian packages, compare two builds; install, upgrade, test and purge them in VMs
	@tests/packages/check

check-runtimes: need-vm need-qemu ## measure the tables of docs/runtimes.md anew, with runtimes of Debian and npm
	@tests/languages/check bookworm trixie

check-engines: need-check need-vm need-qemu need-installer ## docker, LXC, Incus, ctr, pods over containerd's CRI, two nodes, and the nodes' installer, in VMs
	@tests/check --suite engines
	@tests/check --suite engines-bookworm
	@prove --timer --comments tests/runtimes/nodes.t tests/runtimes/installer.t

fuzz: export FUZZ_SECONDS ?= 3600
fuzz: need-build need-check ## run the fuzzers for an hour each: make fuzz FUZZ_SECONDS=...
	@prove --verbose --timer tests/fuzz.t

check-faults: need-build need-vm tests/faults ## fail each call to libc of the criu plugin once, with criu on this machine's kernel
	@prove --timer --comments tests/faults/plugin.t

# TESTS, FLAVORS and OPTIONS as tests/zdtm/compare says.
check-zdtm: need-vm need-qemu ## criu's own tests with and without us, in a VM of Debian 13 (hours): make check-zdtm TESTS=... FLAVORS=h,ns,uns
	@tests/zdtm/check "$(TESTS)" "$(FLAVORS)" "$(OPTIONS)"

SECONDS ?= 28800
soak: need-build need-vm ## restores, moves and kills at random for eight hours: make soak SECONDS=... SEED=...
	@tests/soak $(SECONDS) $(SEED)

debug-kernels: need-vm ## build the debug kernel and its image (half an hour; cached)
	@tests/kernels/debug-image >/dev/null

# Of those with criu one, which takes six minutes there: 49-cr-harmless dumps and restores with and without the module. Not
# 19-without-memory: its module finds no function for pages on a kernel without NUMA, and 18-injected lets more fail. Nor
# 19-late: this kernel has no DYNAMIC_FTRACE, so delays are made with interrupts off, and a killed task's end waits for them.
check-debug: need-check need-vm debug-kernels need-qemu ## kernel and VM driver tests on a kernel that checks memory, locks and more
	@tests/check --suite debug '^debug-(09|1[0-8]|19-[dr]|49-cr-h)'
	@SUITES=debug prove --timer --comments --exec '' tests/vm-driver.t tests/vm-domains.t tests/vm-vmclock.t

check-all: export CHECK_ALL := yes
check-all: qemu check check-kernels check-packages check-runtimes check-engines check-faults check-debug check-zdtm ## all check-*, and each test on all its suites

bench: need-build need-vm qemu ## measure what things cost, in VMs of Debian 12 and 13
	@tests/bench/bench bookworm trixie

qemu: need-qemu ## build Debian's QEMU 7.2 and 10.0 with our devices (minutes; cached)
	@qemu/build 7.2 10.0 >/dev/null

lint: need-lint ## clang-format, cppcheck, shellcheck
	@tests/lint

clean: ## remove what was built here; prepared images stay in the cache
	rm -rf $(BUILD)

.PHONY: pictures demo-picture soak debug-kernels check-debug check-zdtm fuzz packages rpm installer kernel-tree check-engines check-faults check-runtimes check-packages check-kernels check-all help build module vm-payload demo-payload install vm demo demo-vm check bench qemu lint clean $(USER_PARTS) $(TEST_PARTS)
.DEFAULT_GOAL := help
