# Two commands: `make run` tries it, `make test` proves it. Both install what is missing and say so in one line.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
CARGO ?= cargo
# What cargo built, wherever CARGO_TARGET_DIR points.
TARGET = $(shell $(CARGO) metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')

.PHONY: run build test check fmt lint unit it examples docs deny clean

## Runs the daemon with the shipped playbooks against the pretend Twilio.
run: build
	@exec "$(TARGET)/release/bridged" serve --pretend

build: tools-build
	@$(CARGO) build --release --locked --bin bridged

## Everything that must hold. Cheap checks first.
test: tools-test
	@./tests/run

fmt:
	$(CARGO) fmt --all -- --check

lint:
	$(CARGO) clippy --all-targets --locked -- -D warnings

check: fmt lint

.PHONY: tools-build tools-test
tools-build:
	@./tests/install build
tools-test:
	@./tests/install test
