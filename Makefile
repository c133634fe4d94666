# Undertone: from a corpus to a report. `make help` lists what there is.
#
# PIPELINE=pipelines/x.yaml  which experiment            CORPUS=path/to/manifest.csv  another corpus than its own
# WORKERS=N                  parallel workers, stage one   MODEL=path/to/folder         another model than its own
# -j N                       runs and trials at once; the machine's threads are divided among them (not of paper, which times them)
SHELL := /bin/bash
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

ifneq (,$(filter paper,$(MAKECMDGOALS)))
PIPELINE ?= pipelines/paper.yaml
endif
PIPELINE ?= pipelines/demo.yaml
BUILD ?= build
SWIFT ?= swift
UNDERTONE_BIN ?= .build/release
export LC_ALL := C.UTF-8

# The programs are built again where a source is newer than this file, which only a complete build writes.
BUILT := .build/release/.undertone-built
SOURCES := Package.swift $(shell find Sources -type f)

# Whether make was asked to say what it would do, and not to do it.
ONLY_SAYS := $(findstring n,$(filter-out --%,$(firstword $(MAKEFLAGS))))
PLAN = $(PIPELINE) $(if $(CORPUS),--corpus '$(CORPUS)') $(if $(MODEL),--model '$(MODEL)') --build $(BUILD)

DEMO_CORPUS := $(BUILD)/demo/corpus/manifest.csv
# Every second recording of it, for what would take long with all.
DEMO_HALF := $(BUILD)/demo/half/manifest.csv
DEMO_SOURCES := data/demo/generate.sh data/demo/script.awk data/demo/sentences.tsv

.PHONY: demo test test-slurm test-sanitize fuzz setup build cache train sweep submit paper explain report bench bench-peers bench-compare estimate-check \
    sweep-check parity interop kills walk docs man lint clean help FORCE

## demo     Everything at once on the demo corpus (synthetic speech): set up, build, cache, train, report.
demo: setup build
	@if $(MAKE) --no-print-directory -q report PIPELINE=pipelines/demo.yaml >/dev/null 2>&1; then \
	    $(UNDERTONE_BIN)/undertone report $(BUILD)/demo/runs/seed-0 --corpus $(DEMO_CORPUS); \
	    echo 'demo: everything was up to date, nothing was done over again'; \
	else $(MAKE) --no-print-directory report PIPELINE=pipelines/demo.yaml; fi
	@echo 'open $(BUILD)/demo/report.html in a browser to see more'

## test     All tests, after setting up and building.
test: setup build
	SWIFT=$(SWIFT) scripts/test.sh

## test-slurm  The tests that need a cluster, on a Slurm of their own on this machine, installed where it is missing (apt).
test-slurm: setup build
	scripts/test-slurm.sh

## test-sanitize  All tests under the address and undefined behaviour sanitizers, and what runs no engine under the thread one.
test-sanitize: setup
	scripts/sanitize.sh

## fuzz     Fuzz the readers of files that come from elsewhere, SECONDS=60 each.
fuzz: setup
	scripts/fuzz.sh --seconds $(or $(SECONDS),60)

## setup    Install what is missing of the system's libraries (apt), and check the Swift toolchain.
setup:
	@scripts/setup.sh

## build    Build the programs, optimised, into .build/release.
build: $(BUILT)

$(BUILT): $(SOURCES) | setup
	$(SWIFT) build -c release
	@touch $@

## cache    Stage one of PIPELINE: run the frozen layers over the corpus, into HDF5 shards.
## train    Stage two of PIPELINE: train the upper layers and the heads from the cache.
## sweep    The trials of PIPELINE's sweep, as many at once as -j says, and their report.
## submit   Hand what is missing of PIPELINE's report to Slurm (docs/cluster.md).
## report   The HTML report of PIPELINE, after caching and training what is out of date.
## paper    PIPELINE's study (pipelines/paper.yaml): full, partial, cached and adapted finetuning, one run at a time, and the table.
## explain  Say what PIPELINE's report would take, and why.
# Any file under $(BUILD) that the pipeline makes is a target, too, and so are trials, and trial-<id> for one of them.
PLANNED := cache train report trials trial-% paper
ifneq (,$(filter-out $(DEMO_CORPUS) $(DEMO_HALF),$(filter $(PLANNED) $(BUILD)/%,$(MAKECMDGOALS))))
# `undertone plan` writes these targets' rules; it changes the file only where they change, so that make reads it again
# only then. Under -n make would still plan, for which it would have to build: it then takes the programs that there are.
NAME := $(or $(shell sed -n 's/^name:[[:space:]]*\([A-Za-z0-9._-]*\).*/\1/p' $(PIPELINE) 2>/dev/null | head -n 1),unnamed)
RULES := $(BUILD)/$(NAME)/rules.mk

ifeq (,$(ONLY_SAYS))
$(RULES): FORCE | $(BUILT)
PLANNABLE := yes
else ifneq (,$(wildcard $(UNDERTONE_BIN)/undertone))
$(RULES): FORCE
PLANNABLE := yes
else
$(info the programs are not built yet: without -n, make would build them, plan $(PIPELINE), and then cache, train and report)
cache train report trials paper: | setup
endif

ifdef PLANNABLE
$(RULES):
	@$(UNDERTONE_BIN)/undertone plan $(PLAN) -o $@
include $(RULES)
endif
endif

# The + has it called under -n too: it then has the make that it calls say what that would do.
sweep: $(if $(ONLY_SAYS),,$(BUILT))
	+@if [ -x $(UNDERTONE_BIN)/undertone ]; then $(UNDERTONE_BIN)/undertone sweep $(PLAN) --makefile Makefile; \
	else echo 'the programs are not built yet: without -n, make would build them, plan $(PIPELINE) and sweep'; fi

submit: $(BUILT)
	@$(UNDERTONE_BIN)/undertone submit $(PLAN)

# The rules name what it needs.
paper:
	@$(UNDERTONE_BIN)/undertone paper $(PLAN)

explain: $(BUILT)
	@$(UNDERTONE_BIN)/undertone plan $(PLAN) --explain

$(DEMO_CORPUS): $(DEMO_SOURCES)
	data/demo/generate.sh $(@D)

$(DEMO_HALF): $(DEMO_CORPUS)
	@mkdir -p $(@D)
	sed 's/"name": "[^"]*/&, every second recording/; s/240 sentences/120 of 240 sentences/' $(<D)/corpus.json >$(@D)/corpus.json
	ln -sfn ../corpus/audio $(@D)/audio
	awk 'NR == 1 || NR % 2 == 0' $< >$@.partial
	mv $@.partial $@

## bench    Speed, memory and start-up against this machine's limits; a dated result into Benchmarks/results. ARGS='--large' and others.
bench: build
	scripts/bench.sh own $(ARGS)

## bench-peers  The same work by transformers, torch, ONNX Runtime and h5py in turn, half an hour (its own Python environment).
bench-peers: build
	scripts/bench.sh peers $(ARGS)

## bench-compare  What became worse by over 10 % since the last result on the same kind of processor; ARGS='old.json new.json' for two.
bench-compare:
	scripts/bench.sh compare $(ARGS)

## estimate-check  Hold what undertone plan --estimate says of the demo against what it then takes, three times over.
estimate-check: build $(DEMO_CORPUS)
	python3 Benchmarks/estimate.py

## sweep-check  Hold pipelines/sweep.yaml's halving against the whole grid of its trials: training time, score, overhead; half an hour.
sweep-check: build $(DEMO_CORPUS)
	python3 Benchmarks/sweeps.py

## parity   Compare both stages with Hugging Face transformers, element by element (its own Python environment).
parity: build
	scripts/parity.sh

## interop  Load exports in transformers, peft and ONNX Runtime, caches in torch, runs in TensorBoard; search with Optuna (its own Python environment).
interop: build
	scripts/interop.sh

## kills    Kill stage one KILLS times (200) at random moments, training half as often, sweeps a quarter: nothing is damaged or lost.
KILLS ?= 200
kills: build
	UNDERTONE_KILLS=$(KILLS) $(SWIFT) test -c release --filter killedAtAnyMomentNothingIsEverDamaged
	UNDERTONE_KILLS=$$(($(KILLS) / 2)) $(SWIFT) test -c release --filter trainingKilledAtAnyMomentEndsInTheSameWeights
	UNDERTONE_KILLS=$$(($(KILLS) / 4)) $(SWIFT) test -c release --filter aSweepKilledAtAnyMomentEndsTheSame

## walk     The README's commands in order as a stranger types them: in a fresh clone of the last commit, with an empty home.
walk: setup
	scripts/walk.sh

## docs     The reference of all library modules (DocC) into build/docs, without a warning.
docs: build
	scripts/docs.sh

## man      Manual pages of all programs and commands, into build/man; nothing is installed.
man: build
	scripts/man.sh

## lint     Check the sources' format.
lint:
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests Benchmarks Fuzz/Package.swift Fuzz/Sources

## clean    Remove everything that was built, cached or trained here.
clean:
	rm -rf .build .build-fuzz .build-address .build-thread $(BUILD)

## help     This list.
help:
	@awk '/^## /{ name = $$2; sub(/^## +[^ ]+ +/, ""); printf "  %-14s %s\n", name, $$0 }' Makefile
	@echo
	@sed -n '/^# PIPELINE=/,/^SHELL/{/^#/s/^# /  /p}' Makefile

FORCE:
