# SPDX-License-Identifier: LGPL-2.1-or-later
# What the makefiles of lib/, tools/ and tests/unit/ have in common: include it before the first rule.
#
#   BUILD     absolute directory for everything that is made; default: build/ beside lib/
#   WERROR=1  warnings are errors
#   SANITIZE  a list for -fsanitize=, such as address,undefined

TOP := $(realpath $(dir $(lastword $(MAKEFILE_LIST)))..)
BUILD ?= $(TOP)/build
# The one place of the version: package, module, pkg-config, man pages, --version.
VERSION := $(shell cat $(TOP)/VERSION)

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
BINDIR ?= $(PREFIX)/bin
# Programs that other programs start.
LIBEXECDIR ?= $(PREFIX)/libexec/sysgenid
MANDIR ?= $(PREFIX)/share/man

PKG_CONFIG ?= pkg-config
INSTALL ?= install
CFLAGS ?= -O2 -g

# $(call install_dirs,DIR...): makes those that are missing. "install -d" alone would also change the mode of others.
install_dirs = for dir in $(1); do test -d "$$dir" || $(INSTALL) -d "$$dir" || exit; done
# Man pages name the version, and where things are: $(MAN) PAGE | ...
MAN = sed -e 's/^\.Os$$/.Os sysgenid $(VERSION)/' -e 's|/usr/local/libexec/sysgenid|$(LIBEXECDIR)|g' \
	-e 's|/usr/local/share/|$(PREFIX)/share/|g'
# $(call install_man,PAGE): into the folder of its section
install_man = $(MAN) $(1) | \
	$(INSTALL) -m 644 /dev/stdin $(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(1)))/$(notdir $(1))
# $(call install_config,FILE,TARGET): once it is there it is the administrator's, and is never changed.
install_config = test -e $(2) || test -L $(2) || $(INSTALL) -m 644 $(1) $(2)

# $(call cc-option,FLAG): the flag if the compiler knows it.
cc-option = $(shell $(CC) -Werror $(1) -E -x c /dev/null >/dev/null 2>&1 && echo '$(1)')

HARDENING := -fstack-protector-strong $(call cc-option,-fstack-clash-protection) \
	     $(call cc-option,-fcf-protection)
ifeq ($(SANITIZE),)
# It needs optimisation, and sanitizers do its work themselves. Compilers may have it preset.
HARDENING += $(if $(filter -O1 -O2 -O3 -Os,$(CFLAGS)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
else
SANITIZERS := -fsanitize=$(SANITIZE) -fno-omit-frame-pointer
endif

ALL_CPPFLAGS = -I$(TOP)/kernel/include/uapi -I$(TOP)/common -I$(TOP)/lib -DSYSGENID_VERSION='"$(VERSION)"' $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes \
	     $(if $(filter 1,$(WERROR)),-Werror) $(HARDENING) $(SANITIZERS) $(CFLAGS)
ALL_LDFLAGS = -Wl,-z,relro,-z,now -Wl,--as-needed $(SANITIZERS) $(LDFLAGS)

.DELETE_ON_ERROR:
.SUFFIXES:
