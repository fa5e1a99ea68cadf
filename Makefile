# A thin face over the CMake presets; everything real is in CMakeLists.txt.
PRESET ?= dev
TARGET ?= all
# Of each fuzz target.
FUZZ_SECONDS ?= 10
# Tests wait as much as they compute: for processes to start and end, for disks, for each other.
TEST_JOBS ?= $(shell echo $$((2 * $$(nproc))))
# How many tests that failed beside others may pass alone instead.
TEST_ALONE ?= 0
BUILD := build/$(PRESET)

.PHONY: all build deps configure demo test test-asan test-tsan test-full fuzz lint bench kit install clean

all: build

# Installs what is missing from Debian; needs root or sudo only when something is.
deps:
	@scripts/install-deps build

configure: deps
	@[ -f $(BUILD)/build.ninja ] || cmake --preset $(PRESET)

build: configure
	cmake --build $(BUILD) --target $(TARGET)

demo: PRESET = release
demo:
	@scripts/install-deps build demo
	@$(MAKE) --no-print-directory build PRESET=release
	@scripts/demo build/release

test: deps
	@scripts/install-deps build test
	@$(MAKE) --no-print-directory build
	scripts/run-tests $(BUILD) $(TEST_JOBS) $(TEST_ALONE)

# And what takes minutes: every published test vector, more rounds against libcrypto.
test-full:
	@scripts/install-deps build test-full
	@$(MAKE) --no-print-directory build
	scripts/run-tests $(BUILD) $(TEST_JOBS) $(TEST_ALONE) -C full

test-asan:
	@scripts/install-deps build test
	@$(MAKE) --no-print-directory build PRESET=asan
	scripts/run-tests build/asan $$(nproc) $(TEST_ALONE)

# Threads: the libraries', the doors', the brokers'. Takes an hour or so, and is no part of continuous integration.
test-tsan:
	@scripts/install-deps build test
	@$(MAKE) --no-print-directory build PRESET=tsan
	@rm -rf build/tsan/reports && mkdir -m 1777 build/tsan/reports
	TSAN_OPTIONS="suppressions=$(CURDIR)/tests/sanitizer/thread.supp:log_path=$(CURDIR)/build/tsan/reports/report" \
	    ctest --test-dir build/tsan --output-on-failure -j $$(nproc)
	@! cat build/tsan/reports/* 2>/dev/null

fuzz:
	@scripts/install-deps build test
	@$(MAKE) --no-print-directory build PRESET=fuzz TARGET=fuzzers
	scripts/run-fuzz build/fuzz $(FUZZ_SECONDS)

lint:
	@scripts/install-deps build test
	@$(MAKE) --no-print-directory build
	scripts/lint $(BUILD)

bench:
	@scripts/install-deps build bench
	@$(MAKE) --no-print-directory build PRESET=release
	bench/run build/release

kit: build
	scripts/make-kit $(BUILD) build/kit

install:
	@scripts/install-deps build
	@$(MAKE) --no-print-directory build PRESET=release
	cmake --install build/release

clean:
	rm -rf build
