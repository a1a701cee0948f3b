-- The tables of an atlas as lossatlas wrote them before points had flags and rows had checksums.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,           -- landscape, identity, energy_tol, dimension, ...
    value TEXT NOT NULL         -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE state (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL         -- JSON; where the exploration is
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started TEXT NOT NULL,          -- UTC, ISO 8601
    finished TEXT,              -- NULL if killed or still running
    settings TEXT NOT NULL,         -- JSON
    seed INTEGER NOT NULL,
    software TEXT NOT NULL,         -- JSON, versions by package
    seconds REAL,
    evaluations TEXT            -- JSON, a number or numbers by kind
) STRICT;

CREATE TABLE minima (
    id INTEGER PRIMARY KEY,         -- 1, 2, 3, ... without gaps
    energy REAL NOT NULL,
    rms_gradient REAL,          -- ||g|| / sqrt(dimension)
    lowest_eigenvalue REAL,         -- of the Hessian, zero modes left out
    log_product REAL,           -- sum of ln(eigenvalue), zero modes left out
    orbit_size TEXT,            -- number of distinct images under the symmetry group
    point_group_order TEXT,         -- of imports: size of the stabiliser
    moments BLOB,               -- of imports: three moments of inertia
    hits INTEGER NOT NULL,          -- independent random starts that ended here
    x BLOB,                 -- NULL for imports without coordinates
    run INTEGER REFERENCES runs(id)
) STRICT;

CREATE TABLE transition_states (
    id INTEGER PRIMARY KEY,
    energy REAL NOT NULL,
    rms_gradient REAL,
    negative_eigenvalue REAL,
    log_product REAL,           -- of the positive eigenvalues
    orbit_size TEXT,
    point_group_order TEXT,
    moments BLOB,
    minimum_a INTEGER NOT NULL REFERENCES minima(id),
    minimum_b INTEGER NOT NULL REFERENCES minima(id),   -- may be the same minimum
    path_length REAL,           -- arc length from a over the transition state to b
    hits INTEGER NOT NULL,          -- searches that ended here
    x BLOB,
    run INTEGER REFERENCES runs(id)
) STRICT;

CREATE TABLE searches (
    id INTEGER PRIMARY KEY,         -- in the order in which they were planned
    round INTEGER NOT NULL,
    kind TEXT NOT NULL,         -- sample, hop, pair, climb, ...
    a INTEGER REFERENCES minima(id),    -- where it starts
    b INTEGER REFERENCES minima(id),    -- the other end of a pair
    mode INTEGER,               -- which eigenvector, image or attempt
    seed INTEGER NOT NULL,
    outcome INTEGER,            -- NULL while pending, else a member of RESULTS
    minimum INTEGER REFERENCES minima(id)           -- where a minimisation ended
) STRICT;

CREATE INDEX searches_pending ON searches(id) WHERE outcome IS NULL;

CREATE INDEX searches_finished ON searches(kind, a, b) WHERE outcome IS NOT NULL;

CREATE VIEW tried_pairs AS
    SELECT min(a, b) AS a, max(a, b) AS b, count(*) AS count FROM searches
    WHERE kind = 'pair' AND outcome IS NOT NULL GROUP BY min(a, b), max(a, b);

CREATE TABLE failures (
    kind TEXT NOT NULL,         -- of the search
    outcome TEXT NOT NULL,          -- name of a member of RESULTS
    count INTEGER NOT NULL,
    PRIMARY KEY (kind, outcome)
) STRICT, WITHOUT ROWID;

CREATE TABLE metrics (
    name TEXT NOT NULL,         -- test_auc, ...
    minimum INTEGER NOT NULL REFERENCES minima(id),
    value REAL,             -- NULL where it is not defined
    PRIMARY KEY (name, minimum)
) STRICT, WITHOUT ROWID;

PRAGMA application_id = 1818326065;
PRAGMA user_version = 2;
