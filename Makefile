# What there is to do with pg_analytics; the work is in scripts/.

PG_MAJOR ?= 15
PG_CONFIG ?= pg_config
T ?=
export PG_MAJOR

RELEASE_PG_CONFIG = $(CURDIR)/target/pg$(PG_MAJOR)-demo/lib/postgresql/$(PG_MAJOR)/bin/pg_config

.PHONY: help demo stop psql test test-core test-server test-regress test-isolation \
	test-scripts parity lint bench install clean bootstrap release

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  T=name runs one test alone:  make test-regress T=events"

demo: release ## Build, start a private server, show the extension at work
	@scripts/server.sh stop demo
	@scripts/server.sh start demo
	@scripts/server.sh with demo demo/run.sh
	@echo
	@echo "The server is running (make stop ends it). Open psql with make psql, or:"
	@scripts/server.sh line demo

stop: ## Stop the private server of the demo
	@scripts/server.sh stop demo

psql: ## Open psql on the private server of the demo
	@scripts/server.sh psql demo

test: bootstrap ## All tests
	@scripts/test.sh all

test-core: ## Unit and property tests of crates/core, without a server [T=name]
	@scripts/test.sh core $(T)

test-server: bootstrap ## Rust tests inside a server [T=name]
	@scripts/test.sh server $(T)

test-regress: bootstrap ## SQL files with expected output [T=name]
	@scripts/test.sh regress $(T)

test-isolation: bootstrap ## Interleaved sessions with expected output [T=name]
	@scripts/test.sh isolation $(T)

test-scripts: bootstrap ## Shell scripts against a fresh database [T=name]
	@scripts/test.sh scripts $(T)

parity: bootstrap ## The same questions to ClickHouse, for comparison [T=name]
	@scripts/install.sh --debug "$(CURDIR)/target/pg$(PG_MAJOR)/lib/postgresql/$(PG_MAJOR)/bin/pg_config"
	@scripts/server.sh start tests
	@scripts/server.sh with tests tests/parity/run.sh $(T); status=$$?; scripts/server.sh remove tests; exit $$status

lint: ## Format, clippy, licences and sources of dependencies
	@scripts/lint.sh

bench: release ## Measure against plain SQL, and the core alone (25 minutes) [T=part]
	@scripts/server.sh remove bench
	@scripts/server.sh start bench
	@scripts/server.sh with bench benches/run.sh $(T); status=$$?; scripts/server.sh stop bench; exit $$status
	[ -n "$(T)" ] || cargo bench -p pganalytics_core

install: bootstrap ## Install into the PostgreSQL that PG_CONFIG names (pg_config)
	@scripts/install.sh $(PG_CONFIG)

clean: ## Stop the private servers and remove everything built
	@scripts/clean.sh

bootstrap:
	@scripts/bootstrap.sh

release: bootstrap
	@scripts/prefix.sh pg$(PG_MAJOR)-demo
	@scripts/install.sh $(RELEASE_PG_CONFIG)
