# How things are built; what is built is in the Kbuild files, read as one graph.
MAKEFLAGS += --no-builtin-rules --no-print-directory
export PATH := $(PATH):/usr/sbin:/sbin
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# The release has one home: what modules are compiled against says it too.
VERSION := $(subst ",,$(filter "%",$(file <include/mesos/version.h)))
prefix  ?= /usr/local
ifeq ($(origin CC),default)
CC := gcc
endif
AR := ar

# A variant (another compiler, a sanitizer) is a build tree of its own beside the plain one, $(O).
comma := ,
O     ?= build
B     := $(O)$(addprefix -,$(filter-out gcc cc,$(notdir $(firstword $(CC)))) $(subst $(comma),-,$(SAN)))
B     := $(subst $() ,,$(B))

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wvla $(if $(WERROR),-Werror)
defines  := -DMESOS_VERSION='"$(VERSION)"' -DLAUNCHER_DIR='"$(prefix)/libexec/mesos"'
ifdef SAN
harden   := -O1 -g -fno-omit-frame-pointer -fno-sanitize-recover=all \
	    -fsanitize=$(subst fuzzer,fuzzer-no-link,$(SAN)) -fPIE
linkflags := -fsanitize=$(filter-out fuzzer,$(subst fuzzer$(comma),,$(SAN))) -pie
staticflags := $(linkflags)
else
harden   := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
linkflags := -pie -Wl,-z,relro,-z,now
staticflags := -static-pie -Wl,-z,relro,-z,now
endif
cppflags := -std=c17 -D_GNU_SOURCE -I. -Iinclude -I$(B) $(defines)
bpfflags := --target=bpf -O2 -g -I. -Wall -Wextra -Wno-unused-parameter $(if $(WERROR),-Werror)
flags    := $(CC) $(cppflags) $(warnings) $(harden) $(CFLAGS) | $(linkflags) $(LDFLAGS) | $(bpfflags)

# pkg-config is asked once, and only when something is compiled.
all-libs   := jansson libbpf libcap libmicrohttpd libmnl libseccomp libsystemd sqlite3
pkg-cflags  = $(eval pkg-cflags := $(shell pkg-config --cflags $(all-libs)))$(pkg-cflags)
compile     = $(CC) $(cppflags) $(warnings) $(harden) $(pkg-cflags) $(CFLAGS)

quiet = $(if $(V),,@printf '  %-7s %s\n' $1 '$(@:$(B)/%=%)';) mkdir -p $(@D);
Q     = $(if $(V),,@)

# Reads the Kbuild of directory $1 and below it: objs-$1 is every object there, skels-$1 the skeleton
# of every eBPF object.
kbuilds := Kbuild
define walk
obj-y :=
bpf-y :=
include $1/Kbuild
kbuilds += $1/Kbuild
objs-$1 := $$(addprefix $1/,$$(filter-out %/,$$(obj-y)))
skels-$1 := $$(addprefix $1/,$$(bpf-y:.bpf.o=.skel.h))
dirs-$1 := $$(addprefix $1/,$$(patsubst %/,%,$$(filter %/,$$(obj-y))))
$$(foreach d,$$(dirs-$1),$$(eval $$(call walk,$$d)))
objs-$1 += $$(foreach d,$$(dirs-$1),$$(objs-$$d))
skels-$1 += $$(foreach d,$$(dirs-$1),$$(skels-$$d))
skeletons += $$(skels-$1)
endef

# Links $1 (a path below the build tree) from the parts $2 (objects, directories, lib.a) and
# the pkg-config libraries $3; $4 are the linker's flags, $5 the Kbuild files that say so.
define program
objects += $(call parts,$2)
$(addprefix $(B)/,$(call parts,$2)): | $(addprefix $(B)/,$(call skels,$2))
$(B)/$1: $(addprefix $(B)/,$(call parts,$2) $(filter %.a,$2)) $5 $(B)/.flags
	$$(call quiet,LD) $(CC) -o $$@ $$(filter %.o,$$^) $$(filter %.a,$$^) $4 $(LDFLAGS) \
		-Wl,--as-needed -pthread $$$$(pkg-config $(if $(filter -static-pie,$4),--static) --libs $3) -lm
endef
parts = $(filter %.o,$1) $(foreach d,$(patsubst %/,%,$(filter %/,$1)),$(objs-$d))
skels = $(foreach d,$(sort $(patsubst %/,%,$(dir $(filter-out %.a,$1)))),$(skels-$d))

include Kbuild
roots := $(patsubst %/,%,$(filter %/,lib/ $(foreach p,$(bin-y) $(libexec-y),$($p-y))))
$(foreach d,$(sort $(roots)),$(eval $(call walk,$d)))
objects := $(objs-lib)
linkas = $(if $($1-static),$(staticflags),$(linkflags)) $($1-exports:%=-Wl$(comma)--export-dynamic-symbol=%)
link = $(eval $(call program,$1,$($2-y),$($2-libs),$(call linkas,$2),$(kbuilds)))
$(foreach p,$(bin-y),$(call link,bin/$p,$p))
$(foreach p,$(libexec-y),$(call link,libexec/mesos/$p,$p))

# Each C file here is a program; NAME-objs in the Kbuild beside it names what it needs besides lib.a.
-include tests/unit/Kbuild tests/fuzz/Kbuild tests/bench/Kbuild tests/cluster/Kbuild
$(eval $(call walk,tests/vm))
unit-tests    := $(patsubst %.c,%,$(wildcard tests/unit/test-*.c))
fuzz-targets  := $(patsubst %.c,%,$(wildcard tests/fuzz/fuzz-*.c))
bench-tools   := $(patsubst %.c,%,$(filter-out %/common.c,$(wildcard tests/bench/*.c)))
cluster-tools := $(patsubst %.c,%,$(wildcard tests/cluster/*.c))
vm-tools      := $(patsubst %.c,%,$(filter-out %.bpf.c,$(wildcard tests/vm/*.c)))
guest-tools   := $(cluster-tools) $(vm-tools)
doc-tools     := docs/generate
parts-of = $1.o $($(notdir $1)-objs) lib.a
test = $(eval $(call program,$1,$(parts-of),$2 $(all-libs),$3,$(wildcard $(dir $1)Kbuild)))
$(foreach t,$(unit-tests),$(call test,$t,cmocka,$(linkflags)))
$(foreach t,$(fuzz-targets),$(call test,$t,,-fsanitize=$(SAN) -pie))
$(foreach t,$(bench-tools) $(cluster-tools) $(vm-tools) $(doc-tools),$(call test,$t,,$(linkflags)))

programs := $(bin-y:%=$(B)/bin/%) $(B)/bin/mesos-slave $(libexec-y:%=$(B)/libexec/mesos/%)
manager  := $(patsubst %.in,$(B)/%,$(wildcard systemd/*.in))
all: $(programs) $(manager)

$(B)/%.o: %.c $(B)/.flags
	$(call quiet,CC) $(compile) -pthread -MMD -MP -c -o $@ $<

# Code for the kernel; the skeleton is how a program of ours loads it.
$(B)/%.bpf.o: %.bpf.c $(B)/.flags
	$(call quiet,BPF) clang $(bpfflags) -idirafter /usr/include/$$(uname -m)-linux-gnu -MMD -MP -c -o $@ $<

$(B)/%.skel.h: $(B)/%.bpf.o
	$(call quiet,SKEL) bpftool gen skeleton $< name $(*F) > $@

$(B)/lib.a: $(objs-lib:%=$(B)/%) lib/Kbuild
	$(call quiet,AR) rm -f $@; $(AR) rcsD $@ $(filter %.o,$^)

# The agent by its old name.
$(B)/bin/mesos-slave: $(B)/bin/mesos-agent
	$(call quiet,LN) ln -sf mesos-agent $@

# What systemd reads has the prefix in it, which the flags have too.
$(B)/systemd/%: systemd/%.in $(B)/.flags
	$(call quiet,GEN) sed 's|@prefix@|$(prefix)|g' $< > $@

# What a module is compiled with: the headers, with the version that is built, and where they are.
headers := $(patsubst %,$(B)/%,$(wildcard include/mesos/*.h))
$(B)/include/mesos/%.h: include/mesos/%.h
	$(call quiet,COPY) cp $< $@
$(B)/include/mesos/version.h: include/mesos/version.h $(B)/.flags
	$(call quiet,GEN) sed 's|"[^"]*"|"$(VERSION)"|' $< > $@
$(B)/mesos-module.pc: include/mesos-module.pc.in $(B)/.flags
	$(call quiet,GEN) sed 's|@prefix@|$(prefix)|g; s|@version@|$(VERSION)|g' $< > $@

# Example modules, as anybody compiles them: with what make install-headers has installed, below the build tree, and nothing
# else of this one. Warnings are as strict as a foreign build may have them, in the standards that the headers promise.
modules     := $(patsubst %.c,$(B)/%.so,$(wildcard tests/modules/*.c)) $(patsubst %.cc,$(B)/%.so,$(wildcard tests/modules/*.cc))
module-sdk   = $(abspath $(B))/module-sdk
module-flags = $$(PKG_CONFIG_SYSROOT_DIR=$(module-sdk) PKG_CONFIG_LIBDIR=$(module-sdk)$(prefix)/lib/pkgconfig pkg-config --cflags mesos-module)
module-warnings := -Wall -Wextra -pedantic -Wshadow $(if $(WERROR),-Werror)
CXX-of-gcc   := g++
CXX-of-clang := clang++
ifeq ($(origin CXX),default)
CXX := $(or $(CXX-of-$(notdir $(firstword $(CC)))),g++)
endif
$(B)/module-sdk/.done: $(headers) $(B)/mesos-module.pc
	$(call quiet,SDK) rm -rf $(@D)
	$(Q)$(MAKE) DESTDIR=$(module-sdk) install-headers
	$(Q)touch $@
$(B)/tests/modules/%.so: tests/modules/%.c tests/modules/told.h $(B)/module-sdk/.done
	$(call quiet,MODULE) $(CC) -std=c11 -D_GNU_SOURCE -O2 -g $(module-warnings) $(module-flags) -fPIC -shared -pthread -o $@ $<
$(B)/tests/modules/%.so: tests/modules/%.cc $(B)/module-sdk/.done
	$(call quiet,MODULE) $(CXX) -std=c++17 -O2 -g $(module-warnings) $(module-flags) -fPIC -shared -o $@ $<

# Everything depends on this file, and it is written only when the flags change.
ifneq ($(file <$(B)/.flags),$(flags))
$(B)/.flags: FORCE
endif
$(B)/.flags:
	@mkdir -p $(@D) && printf '%s\n' '$(subst ','\'',$(flags))' > $@
FORCE:

-include $(patsubst %.o,$(B)/%.d,$(sort $(objects))) $(patsubst %.skel.h,$(B)/%.bpf.d,$(sort $(skeletons)))

# ---- checks -------------------------------------------------------------------------------------
CHECK_SAN    := address,undefined
FUZZ_SECONDS ?= 60
TEST_TIMEOUT ?= 900
# These tests wait more than they compute.
PROVE_JOBS   ?= $(shell expr 2 \* $$(nproc))
prove = prove --exec 'timeout -k 5 $(TEST_TIMEOUT)' $(PROVE_FLAGS)
here  = MESOS_BUILD='$(abspath $(B))'

# Everything, from installing packages to the last test; ends with "N passed, 0 failed".
check:
	$(Q)tests/check-all $(MAKE)

deps:
	$(Q).ci/deps

check-layers:
	$(Q)tests/check-layers

# The part of docs/ that is made from the tables of flags, metrics and messages, and by the limit of removals.
reference := protocol flags metrics removal-times

docs: $(B)/docs/generate
	$(Q)for d in $(reference); do $< $$d > docs/$$d.md || exit 1; done

check-docs: $(B)/docs/generate
	$(Q)for d in $(reference); do \
		$< $$d | diff -u docs/$$d.md - || { echo "docs/$$d.md is out of date: make docs"; exit 1; }; done

# make test-foo: that one unit test, under the sanitizers.
$(notdir $(unit-tests)):
	$(Q)$(MAKE) SAN=$(or $(SAN),$(CHECK_SAN)) run-unit unit-tests=tests/unit/$@

check-unit:
	$(Q)$(MAKE) SAN=$(or $(SAN),$(CHECK_SAN)) run-unit

# Some of them drive programs of this tree, sanitized too, and load its example modules.
run-unit: $(unit-tests:%=$(B)/%) $(libexec-y:%=$(B)/libexec/mesos/%) $(modules)
	$(Q)CMOCKA_MESSAGE_OUTPUT=TAP $(here) $(prove) $(filter $(B)/tests/unit/%,$^)

check-cluster: all $(cluster-tools:%=$(B)/%) $(modules)
	$(Q)$(here) $(prove) -j$(PROVE_JOBS) $(wildcard tests/cluster/[0-9][0-9]-*)

# In a guest with a kernel and a systemd of its own, under emulation: VM_TESTS="10-quota-driver 20-systemd" are some of its tests.
check-vm: $(B)/vm/build.img
	$(Q)$(here) tests/vm/check $(abspath $<) $(VM_TESTS)

# There too: quota show and a usage sample with 1, 100 and 2000 containers and a million files, beside du and xfs_quota.
bench-quota:
	$(Q)VM_MEMORY=8G VM_TEST_TIMEOUT=7200 VM_ENV="CONTAINERS='1 100 2000' FILES=1000000 INTERVAL=15" \
		$(MAKE) check-vm VM_TESTS=30-many-containers

# A node there, of which the power is cut at random, so many times: half of them on XFS and half on ext4, or all on POWER_FS.
# SEED=n makes the choices of a run that printed it again. check-vm cuts it once, for a second node would boot twice more: on the one
# that the seed says.
POWER_CUTS ?= 50
power-cuts:
	$(Q)POWER_CUTS=$(POWER_CUTS) POWER_FS="$(POWER_FS)" $(MAKE) check-vm VM_TESTS=host/10-power-cuts

# There too: the agent killed at each call by which it gives, changes and takes back a quota.
crash-quota:
	$(Q)VM_TEST_TIMEOUT=14400 VM_ENV="CRASH_ALL=1 CRASH_FS='$(CRASH_FS)'" $(MAKE) check-vm VM_TESTS=18-killed-quota

# A shell there.
vm: $(B)/vm/build.img
	$(Q)tests/vm/shell $(abspath $<)

# The disk that brings this build and its tests to the guest, and a later one, for upgrades: the same with another version.
$(B)/vm/build.img: all $(guest-tools:%=$(B)/%) $(modules) FORCE
	$(Q)rm -rf $(@D) && mkdir -p $(@D)/tree/build
	$(Q)$(MAKE) DESTDIR=$(abspath $(@D))/tree/dest install
	$(Q)$(MAKE) O=$(O)-next VERSION=$(VERSION).1 DESTDIR=$(abspath $(@D))/tree/next install
	$(Q)cp -R tests docs $(@D)/tree
	$(Q)ln -s $(prefix)/bin $(prefix)/libexec $(@D)/tree/build
	$(Q)cd $(B) && cp --parents $(guest-tools) $(modules:$(B)/%=%) vm/tree/build
	$(call quiet,MKE2FS) truncate -s 1G $@ && mke2fs -q -t ext4 -O ^has_journal -L build -d $(@D)/tree $@

# Killed at each persistence call, and each of them failing: SWEEP="agent master executor".
crash-sweep: all
	$(Q)$(here) tests/crash/sweep $(SWEEP)

# Agent and master killed at random, ROUNDS times; SEED=n makes the choices of a run that printed it again.
ROUNDS ?= 100
soak: all
	$(Q)$(here) ROUNDS=$(ROUNDS) tests/cluster/81-soak

fuzz:
	$(Q)$(MAKE) CC=clang SAN=fuzzer,$(CHECK_SAN) run-fuzz

run-fuzz: $(fuzz-targets:%=$(B)/%)
	$(Q)tests/fuzz/run $(FUZZ_SECONDS) $^

bench: all $(bench-tools:%=$(B)/%) $(modules)
	$(Q)for b in $(wildcard tests/bench/*.sh); do $(here) $$b || exit 1; done

demo:
	$(Q)$(MAKE) deps
	$(Q)$(MAKE) all
	$(Q)$(here) tests/demo.sh

# All that is compiled for whoever runs the checks, so that no warning hides in a test.
everything: all $(modules) $(patsubst %,$(B)/%,$(unit-tests) $(bench-tools) $(cluster-tools) $(vm-tools) $(doc-tools))

# ---- style --------------------------------------------------------------------------------------
sources = $(sort $(shell find $(wildcard include lib agent master tools tests bpf docs) -name '*.[ch]'))
macros  = %-structs.h %-tables.h %-skip.h %-end.h
scripts = $(shell grep -rlE '^\#!/bin/(ba)?sh' .ci tests)
tidied := $(patsubst %.o,$(B)/lint/%,$(sort $(objects)))

# It does not know __attribute__((cleanup)); what is never initialised, the compilers find. Its POSIX
# library thinks that accept(2) needs an address, which the tests leave out.
cppcheck-off := resourceLeak memleak uninitvar nullPointer:tests/*

format:
	$(Q)clang-format -i $(filter-out $(macros),$(sources))

lint: $(tidied)
	$(Q)$(foreach f,$(filter-out $(objects:.o=.c) $(skeletons:.skel.h=.bpf.c) tests/modules/%,$(filter %.c,$(sources))),$(error $f: in no Kbuild))
	$(Q)clang-format --dry-run -Werror $(filter-out $(macros),$(sources))
	$(Q)! for f in $(filter-out $(macros),$(sources)); do expand $$f | grep -nH --label=$$f '.\{101\}'; done | grep .
	$(Q)mkdir -p $(B)/cppcheck && cppcheck --quiet --error-exitcode=1 --inline-suppr -j2 \
		--std=c11 --enable=warning,performance --library=posix,gnu,tests/cppcheck.cfg \
		$(cppcheck-off:%=--suppress=%) --cppcheck-build-dir=$(B)/cppcheck \
		-I. $(defines) $(filter-out %.bpf.c,$(filter %.c,$(sources)))
	$(Q)shellcheck $(scripts)

# An object is rebuilt when its source or a header changes; then it is read again.
$(B)/lint/%: $(B)/%.o .clang-tidy tests/.clang-tidy
	$(call quiet,TIDY) clang-tidy --quiet $*.c -- $(cppflags) 2>$@.err && mv $@.err $@ || \
		{ cat $@.err >&2; exit 1; }

# ---- installation -------------------------------------------------------------------------------
dest = $(DESTDIR)$(prefix)

install: all install-headers
	$(Q)install -d $(dest)/bin $(dest)/libexec/mesos $(dest)/share/doc/mesos
	$(Q)install $(bin-y:%=$(B)/bin/%) $(dest)/bin
	$(Q)ln -sf mesos-agent $(dest)/bin/mesos-slave
	$(Q)install $(libexec-y:%=$(B)/libexec/mesos/%) $(dest)/libexec/mesos
	$(Q)install -m 644 LICENSE $(wildcard docs/*.md) $(dest)/share/doc/mesos
	$(Q)install -D -m 644 -t $(dest)/lib/systemd/system $(filter-out %.conf,$(manager))
	$(Q)install -D -m 644 $(B)/systemd/sysusers.conf $(dest)/lib/sysusers.d/mesos.conf
	$(Q)install -D -m 644 $(B)/systemd/tmpfiles.conf $(dest)/lib/tmpfiles.d/mesos.conf
	$(Q)for m in $(wildcard docs/man/*.[1-8]); do \
		install -D -m 644 -t $(dest)/share/man/man$${m##*.} $$m || exit 1; done

# What a module is compiled with.
install-headers: $(headers) $(B)/mesos-module.pc
	$(Q)install -D -m 644 -t $(dest)/include/mesos $(headers)
	$(Q)install -D -m 644 -t $(dest)/lib/pkgconfig $(B)/mesos-module.pc

# The plain tree and its variants: what has a .flags is ours.
clean:
	$(Q)for d in $(O) $(O)-*; do if [ -e $$d/.flags ]; then rm -rf $$d; fi; done

.PHONY: all deps demo check check-unit check-cluster check-layers check-docs docs crash-sweep soak fuzz bench install install-headers clean format lint
.PHONY: check-vm bench-quota crash-quota power-cuts vm everything run-unit run-fuzz $(notdir $(unit-tests)) FORCE
