"""Tables and numbered migrations. Holds SQL text only; connection.py applies it."""

from __future__ import annotations

_VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Repeated phrases and lists (evidence, reasons, flags, caveats) once each, as JSON.
CREATE TABLE texts (id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE);

CREATE TABLE devices (id TEXT PRIMARY KEY, origin TEXT NOT NULL CHECK (origin IN ('shipped', 'user')), profile TEXT NOT NULL)
  WITHOUT ROWID;
CREATE TABLE device_names (name TEXT PRIMARY KEY, device TEXT NOT NULL REFERENCES devices ON DELETE CASCADE) WITHOUT ROWID;
CREATE INDEX device_names_by_device ON device_names (device);

CREATE TABLE architectures (id INTEGER PRIMARY KEY, signature TEXT NOT NULL UNIQUE, family TEXT NOT NULL);
CREATE TABLE models (
  name TEXT PRIMARY KEY, library TEXT NOT NULL, arch_id INTEGER NOT NULL REFERENCES architectures,
  default_resolution INTEGER NOT NULL, fixed_resolution INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX models_by_architecture ON models (arch_id);
CREATE TABLE model_aliases (alias TEXT PRIMARY KEY, model TEXT REFERENCES models, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE complexity (
  arch_id INTEGER NOT NULL REFERENCES architectures, resolution INTEGER NOT NULL,
  params INTEGER NOT NULL, macs INTEGER NOT NULL, activations INTEGER NOT NULL, weight_bytes INTEGER NOT NULL,
  n_ops INTEGER NOT NULL, n_kernels INTEGER NOT NULL, depth INTEGER NOT NULL,
  peak_live_bytes_b1 INTEGER NOT NULL, peak_live_bytes_b8 INTEGER NOT NULL,
  classes TEXT NOT NULL, uncounted TEXT NOT NULL, extras TEXT NOT NULL,
  PRIMARY KEY (arch_id, resolution)) WITHOUT ROWID;
CREATE TABLE weights (
  id INTEGER PRIMARY KEY, model TEXT NOT NULL REFERENCES models, arch_id INTEGER NOT NULL REFERENCES architectures,
  tag TEXT NOT NULL, resolution INTEGER NOT NULL, top1 REAL, top5 REAL, real_top1 REAL, v2_top1 REAL, a_top1 REAL,
  r_top1 REAL, sketch_top1 REAL, license TEXT NOT NULL, train_resolution INTEGER, source TEXT NOT NULL,
  UNIQUE (model, tag, resolution));
-- Both hold all that an answer reads, so that it need not touch the wide rows.
CREATE INDEX weights_by_architecture ON weights (arch_id, resolution, top1, model, tag, license);
CREATE INDEX complexity_sizes ON complexity (arch_id, resolution, params, macs);
CREATE TABLE precision_accuracy (
  model TEXT NOT NULL REFERENCES models, tag TEXT NOT NULL, resolution INTEGER NOT NULL, precision TEXT NOT NULL,
  top1 REAL NOT NULL, runs INTEGER NOT NULL, source TEXT NOT NULL, PRIMARY KEY (model, tag, resolution, precision)) WITHOUT ROWID;

CREATE TABLE sources (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, origin TEXT NOT NULL CHECK (origin IN ('shipped', 'user')),
  title TEXT NOT NULL, url TEXT NOT NULL, license TEXT NOT NULL, citation TEXT NOT NULL);
CREATE TABLE observations (
  id TEXT PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES sources, origin TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('accepted', 'duplicate', 'rejected')), reason TEXT NOT NULL,
  locator TEXT NOT NULL, model TEXT NOT NULL, library_hint TEXT NOT NULL, device TEXT NOT NULL, runtime TEXT NOT NULL,
  precision TEXT NOT NULL, batch_size INTEGER NOT NULL, resolution INTEGER, latency_ms REAL, throughput_img_s REAL,
  memory_mib REAL, memory_kind TEXT NOT NULL, statistic TEXT NOT NULL, timing_scope TEXT NOT NULL, samples INTEGER,
  memory_format TEXT NOT NULL, power_mode TEXT NOT NULL, threads INTEGER NOT NULL, software TEXT NOT NULL,
  quantiles TEXT NOT NULL, note TEXT NOT NULL, accelerators INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX observations_by_source ON observations (source_id, outcome);
CREATE INDEX observations_by_origin ON observations (origin);

CREATE TABLE targets (
  id INTEGER PRIMARY KEY, device TEXT NOT NULL REFERENCES devices, compute_unit TEXT NOT NULL, power_mode TEXT NOT NULL,
  runtime TEXT NOT NULL, precision TEXT NOT NULL, memory_format TEXT NOT NULL, threads INTEGER NOT NULL,
  runtime_options TEXT NOT NULL, software TEXT NOT NULL,
  UNIQUE (device, compute_unit, power_mode, runtime, precision, memory_format, threads, runtime_options, software));
CREATE TABLE measurements (
  id TEXT PRIMARY KEY REFERENCES observations ON DELETE CASCADE, model TEXT NOT NULL REFERENCES models,
  arch_id INTEGER NOT NULL REFERENCES architectures, resolution INTEGER NOT NULL,
  target_id INTEGER NOT NULL REFERENCES targets, grade TEXT NOT NULL, caveats INTEGER NOT NULL REFERENCES texts) WITHOUT ROWID;
CREATE INDEX measurements_by_target ON measurements (target_id, arch_id, resolution);
CREATE INDEX measurements_by_architecture ON measurements (arch_id);

CREATE TABLE predictors (target_id INTEGER PRIMARY KEY REFERENCES targets, content TEXT NOT NULL);
CREATE TABLE estimates (
  target_id INTEGER NOT NULL REFERENCES targets, batch_size INTEGER NOT NULL,
  arch_id INTEGER NOT NULL, resolution INTEGER NOT NULL,
  latency_ms REAL, latency_low REAL, latency_high REAL, latency_basis TEXT, latency_extrapolated INTEGER NOT NULL,
  latency_evidence INTEGER NOT NULL, latency_reason INTEGER NOT NULL, throughput_img_s REAL,
  memory_mib REAL, memory_low REAL, memory_high REAL, memory_basis TEXT, memory_evidence INTEGER NOT NULL,
  memory_reason INTEGER NOT NULL, weights_mib REAL, activations_mib REAL, runtime_mib REAL, flags INTEGER NOT NULL,
  PRIMARY KEY (target_id, batch_size, arch_id, resolution),
  FOREIGN KEY (arch_id, resolution) REFERENCES complexity) WITHOUT ROWID;
"""

_VERSION_2 = """
ALTER TABLE observations ADD COLUMN power_w REAL;
ALTER TABLE observations ADD COLUMN power_scope TEXT NOT NULL DEFAULT '';
-- Few rows have a power; an answer must find them without reading the others.
CREATE INDEX observations_with_power ON observations (id) WHERE power_w IS NOT NULL;
CREATE TABLE precision_doubts (
  family TEXT NOT NULL, runtime TEXT NOT NULL, precision TEXT NOT NULL, reason TEXT NOT NULL, source TEXT NOT NULL,
  PRIMARY KEY (family, runtime, precision)) WITHOUT ROWID;
"""

MIGRATIONS: tuple[str, ...] = (_VERSION_1, _VERSION_2)
"""Migration k brings a database from version k to k + 1; never edited once released."""

VERSION = len(MIGRATIONS)
