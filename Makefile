# Tidegauge. `make` alone prints this list; `make run` is the way in.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/bash

ENV ?= dev
PYTHON ?= python3
ENV_FILE ?=
VENV := .venv
PY := $(VENV)/bin/python
TESTS := $(PY) -m tests.support.run_tests
NODE_MODULES := tests/clients/javascript/node_modules/.package-lock.json
# The last directory on the path makes `aws` the one that was tested with this code.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONPATH :=
export PYTHONUNBUFFERED := 1

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'
	@echo
	@echo "  with ENV=dev (or prod, or your own environments/NAME.toml), REGION=us-east-1, DURATION=20 (seconds), SQL='SELECT …', YES=1 (do not ask before an account is changed)"
	@echo "  and for run: PORT=8080 and AWS_PORT=4566 (or auto), REGION='us-east-1 eu-west-1', ENV_FILE=build/local.env, DATA=DIR, FAULTS='kinesis:PutRecord=throttle@10%x100 …' and SEED=1"

.PHONY: run
run: install-local install-console ## run the whole pipeline here, fed with this machine's metrics (DURATION=20 ends by itself)
	@exec $(PY) -m local --environment $(ENV) $(addprefix --region ,$(REGION)) $(if $(PORT),--port $(PORT)) \
	  $(if $(AWS_PORT),--aws-port $(AWS_PORT)) $(if $(DURATION),--duration $(DURATION)) \
	  $(if $(ENV_FILE),--env-file '$(ENV_FILE)') $(if $(DATA),--data '$(DATA)') $(foreach fault,$(FAULTS),--fault '$(fault)') $(if $(SEED),--fault-seed $(SEED)) --console $(CONSOLE_PORT)

.PHONY: console
console: install-local install-console ## the run's page for a deployed region: make console ENV=prod REGION=us-east-1
	@$(if $(ENV_FILE),source '$(ENV_FILE)' &&) exec $(PY) -m ops console $(OPS_TARGET) $(if $(CONSOLE_PORT),--port $(CONSOLE_PORT))

.PHONY: query
query: install-local ## ask the local run, or with REGION=… the cloud: make query SQL='SELECT count(*) FROM "metrics_dev"."metrics"'
	@$(if $(ENV_FILE),source '$(ENV_FILE)' &&) $(PY) -m ops query $(OPS_TARGET) -- "$$SQL"
# As it was given: nothing in it is make's to expand.
override SQL := $(value SQL)
export SQL

.PHONY: test
test: install-dev $(if $(T),,lint) ## all that needs only Python and its index, about ten minutes; or a part: make test T=tests/ops
	@$(PY) -m ops bundle --target host
	@$(TESTS) $(or $(T),-n 4 --dist loadfile --no-loadscope-reorder)

.PHONY: test-clients
test-clients: install-dev $(NODE_MODULES) ## curl, Debian's AWS CLI, the AWS SDK for JavaScript, PyAthena and awswrangler, OpenTelemetry's SDKs, InfluxDB's clients, Prometheus, vmagent and collectd against the local run, promtool; installs them
	@PYTHON='$(PYTHON)' bash ops/install.sh clients .venv-clients
	@bash ops/debian.sh --unpack build/debian build/debian/usr/bin/promtool=prometheus build/debian/usr/bin/vmagent=victoria-metrics build/debian/usr/sbin/collectd=collectd-core,libyajl2
	@$(PY) -m ops bundle --target host
	@$(TESTS) tests/clients

.PHONY: test-browser
test-browser: install-dev ## the console, and a page that posts, in Chromium; installs Debian's
	@bash ops/debian.sh chromium=chromium
	@$(PY) -m ops bundle --target host
	@$(TESTS) tests/browser

.PHONY: test-alerts
test-alerts: install-dev ## the alerts in random weather against the reference evaluator, for about a minute (STEPS=1000000: ten)
	@$(PY) -m tests.support.alert_weather --steps $(or $(STEPS),100000)

.PHONY: soak
soak: install-dev ## a local run of each store under faults and SIGKILL, and its accounts against what clients were told: minutes (POINTS=10000000 FAULTS=1000 SEED=1 STORE=lake)
	@$(PY) -m ops bundle --target host
	@$(PY) -m tests.support.soak $(if $(POINTS),--points $(POINTS)) $(if $(filter-out undefined,$(flavor FAULTS)),--faults $(FAULTS)) \
	  $(if $(SEED),--seed $(SEED)) $(if $(STORE),--store $(STORE)) $(if $(HOSTILE),--hostile $(HOSTILE))

.PHONY: lint-templates
lint-templates: install-dev ## checkov's security rules over the generated templates; installs it into .venv-checkov
	@PYTHON='$(PYTHON)' bash ops/install.sh checkov .venv-checkov
	@$(TESTS) tests/checkov

.PHONY: test-all
test-all: ## everything CI checks: test, test-alerts, lint-templates, test-clients and test-browser
	@for part in test test-alerts lint-templates test-clients test-browser; do \
	  began=$$SECONDS; echo "== make $$part"; $(MAKE) $$part || exit 1; \
	  if [[ $$part != test-browser ]]; then echo "== make $$part: $$((SECONDS - began)) s"; fi; \
	done  # the last part ends with what pytest says of it, its time included

.PHONY: foreign-clients
foreign-clients:
	@bash ops/debian.sh curl=curl gzip=gzip node=nodejs npm=npm /usr/bin/aws=awscli

$(NODE_MODULES): tests/clients/javascript/package-lock.json | foreign-clients
	@echo "Installing the AWS SDK for JavaScript, once …"
	@cd $(<D) && npm ci --loglevel=error --no-audit --no-fund >/dev/null && touch $(CURDIR)/$@

.PHONY: test-statemachines
test-statemachines: install-dev ## run the deployed state machines in an interpreter, every branch
	@$(PY) -m pytest -q -n 2 tests/statemachines

.PHONY: lint
lint: install-dev ## format, lint, types, dead code
	@$(VENV)/bin/ruff format --check --quiet .
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/mypy --no-error-summary
	@$(VENV)/bin/vulture

.PHONY: generate
generate: install-local ## write the templates to build/$(ENV)/
	@$(PY) generate.py --environment $(ENV)

.PHONY: bundle
bundle: install-local ## build the functions' code for Lambda (arm64, python3.13)
	@$(PY) -m ops bundle

.PHONY: publish
publish: install-local ## artifacts stack, then upload code and templates (ENV=dev REGION=us-east-1)
	@$(PY) -m ops publish $(OPS_TARGET) $(YES_OPTION)

.PHONY: deploy
deploy: install-local ## deploy the regional stack with what `publish` uploaded
	@$(PY) -m ops deploy $(OPS_TARGET) $(OPEN_DOOR) $(YES_OPTION)

.PHONY: diff
diff: install-local ## what `deploy` would change; changes nothing
	@$(PY) -m ops deploy --diff $(OPS_TARGET)

.PHONY: rollout
rollout: install-local ## every region of an environment, canary first: make rollout ENV=prod
	@$(PY) -m ops rollout --environment $(ENV) $(OPEN_DOOR) $(YES_OPTION)

.PHONY: bench
bench: install-dev install-peers ## how fast, how much, against what: our writer in turns with what others would write, and more
	@$(PY) -m ops bundle --target host
	@for part in peers client decoding writer timestream timestream_query alerts alert_merging alert_scale aggregator exports local_run; do $(PY) -m benchmarks.$$part || exit 1; done

.PHONY: bench-check
bench-check: install-dev install-peers ## fails when the writer sends more or is slower beside its peers than it was, two minutes
	@$(PY) -m benchmarks.check

.PHONY: install-peers
install-peers:
	@PYTHON='$(PYTHON)' bash ops/install.sh bench .venv-bench

.PHONY: golden
golden: install-dev ## rewrite the golden templates after a change that was meant
	@$(PY) generate.py --environment prod --output tests/templates/golden

.PHONY: lock
lock: install-dev ## resolve requirements/*.in again, for every supported Python
	@for set in lambda runtime local console dev checkov clients bench; do $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --override requirements/overrides.txt requirements/$$set.in -o requirements/$$set.txt || exit 1; done

.PHONY: clean
clean: ## remove everything that was built here; what was installed stays
	@rm -rf build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean ## remove what was installed here, too: .venv, .venv-bench, .venv-checkov, .venv-clients, the SDK for JavaScript
	@rm -rf $(VENV) .venv-bench .venv-checkov .venv-clients $(dir $(NODE_MODULES))

.PHONY: install-local install-console install-dev
install-local install-console install-dev: install-%:
	@PYTHON='$(PYTHON)' bash ops/install.sh $*

OPEN_DOOR = $(if $(OPEN),--open)
# What was not given is the command's own default, which a loaded build/local.env sets.
OPS_TARGET = $(if $(filter file,$(origin ENV)),,--environment $(ENV)) $(if $(REGION),--region $(REGION))
YES_OPTION = $(if $(YES),--yes)
