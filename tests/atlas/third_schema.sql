PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE failures (
        kind TEXT NOT NULL,                 -- of the search
        outcome TEXT NOT NULL,              -- name of a member of RESULTS
        count INTEGER NOT NULL, checksum INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (kind, outcome)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "failures" VALUES('pair','max_steps',2,2471067473);
CREATE TABLE meta (
        key TEXT PRIMARY KEY,               -- landscape, identity, energy_tol, dimension, ...
        value TEXT NOT NULL                 -- JSON
    , checksum INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('created','"2026-11-27T16:25:58+00:00"',3104591778);
INSERT INTO "meta" VALUES('dimension','12',2026471906);
INSERT INTO "meta" VALUES('distance_tol','1e-05',2778554425);
INSERT INTO "meta" VALUES('energy_tol','1e-09',820783763);
INSERT INTO "meta" VALUES('identity','"distance"',3971639848);
INSERT INTO "meta" VALUES('landscape','{"landscape": "xor", "sizes": [2, 2, 2], "items": 4, "activation": "tanh", "loss": "cross_entropy", "l2": 0.001, "penalise_biases": true, "links": "all", "input_symmetries": [[1, 0]], "data": "e05396d38f651e949241250d6dc95b9be2efabe1a31e0007dd58a8dc23820750"}',3461427011);
INSERT INTO "meta" VALUES('modes','12',552786492);
INSERT INTO "meta" VALUES('recipe','{"landscape": "xor", "hidden": [2]}',3805222898);
INSERT INTO "meta" VALUES('software','{"python": "3.11.7", "sqlite": "3.40.1", "lossatlas": "0.1.0", "jax": "0.10.1", "jaxlib": "0.10.1", "numpy": "2.4.6", "scipy": "1.17.1"}',3954705699);
INSERT INTO "meta" VALUES('symmetry_order','"16"',1807993526);
CREATE TABLE metrics (
        name TEXT NOT NULL,                 -- test_auc, ...
        minimum INTEGER NOT NULL REFERENCES minima(id),
        value REAL, checksum INTEGER NOT NULL DEFAULT 0,                         -- NULL where it is not defined
        PRIMARY KEY (name, minimum)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "metrics" VALUES('test_auc',1,0.75,3920663569);
INSERT INTO "metrics" VALUES('test_auc',2,NULL,661362427);
INSERT INTO "metrics" VALUES('test_auc',3,0.1,984217890);
INSERT INTO "metrics" VALUES('training_loss',1,1.0,4074310905);
INSERT INTO "metrics" VALUES('training_loss',2,2.0,2601905447);
INSERT INTO "metrics" VALUES('training_loss',3,3.0,2388311722);
CREATE TABLE minima (
        id INTEGER PRIMARY KEY,             -- 1, 2, 3, ... without gaps
        energy REAL NOT NULL,
        rms_gradient REAL,                  -- ||g|| / sqrt(dimension)
        lowest_eigenvalue REAL,             -- of the Hessian, zero modes left out
        log_product REAL,                   -- sum of ln(eigenvalue), zero modes left out
        orbit_size TEXT,                    -- number of distinct images under the symmetry group
        point_group_order TEXT,             -- of imports: size of the stabiliser
        moments BLOB,                       -- of imports: three moments of inertia
        hits INTEGER NOT NULL,              -- independent random starts that ended here
        x BLOB,                             -- NULL for imports without coordinates
        run INTEGER REFERENCES runs(id),
        flag TEXT                           -- NULL for an ordinary point, else what is special about it
    , checksum INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "minima" VALUES(1,0.5,0.0,1.0,1.0,'16',NULL,NULL,2,X'0000000000000000000000000000C03F000000000000D03F000000000000D83F000000000000E03F000000000000E43F000000000000E83F000000000000EC3F000000000000F03F000000000000F23F000000000000F43F000000000000F63F',NULL,NULL,3526031191);
INSERT INTO "minima" VALUES(2,1.5,0.0,1.0,1.0,'16',NULL,NULL,0,X'000000000000F83F000000000000FA3F000000000000FC3F000000000000FE3F00000000000000400000000000000140000000000000024000000000000003400000000000000440000000000000054000000000000006400000000000000740',NULL,'kink',306997024);
INSERT INTO "minima" VALUES(3,2.5,0.0,1.0,1.0,'16',NULL,NULL,1,X'000000000000084000000000000009400000000000000A400000000000000B400000000000000C400000000000000D400000000000000E400000000000000F400000000000001040000000000080104000000000000011400000000000801140',NULL,NULL,2560225708);
CREATE TABLE runs (
        id INTEGER PRIMARY KEY,
        started TEXT NOT NULL,              -- UTC, ISO 8601
        finished TEXT,                      -- NULL if killed or still running
        settings TEXT NOT NULL,             -- JSON
        seed INTEGER NOT NULL,
        software TEXT NOT NULL,             -- JSON, versions by package
        seconds REAL,
        evaluations TEXT                    -- JSON, a number or numbers by kind
    , checksum INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "runs" VALUES(1,'2026-11-27T16:25:59+00:00','2026-11-27T16:25:59+00:00','{"budget": 1}',3,'{"python": "3.11.7", "sqlite": "3.40.1", "lossatlas": "0.1.0", "jax": "0.10.1", "jaxlib": "0.10.1", "numpy": "2.4.6", "scipy": "1.17.1"}',1.5,'{"gradients": 3}',1567057482);
CREATE TABLE searches (
        id INTEGER PRIMARY KEY,             -- in the order in which they were planned
        round INTEGER NOT NULL,
        kind TEXT NOT NULL,                 -- sample, hop, pair, climb, ...
        a INTEGER REFERENCES minima(id),    -- where it starts
        b INTEGER REFERENCES minima(id),    -- the other end of a pair
        mode INTEGER,                       -- which eigenvector, image or attempt
        seed INTEGER NOT NULL,
        outcome INTEGER,                    -- NULL while pending, else a member of RESULTS
        minimum INTEGER REFERENCES minima(id)               -- where a minimisation ended
    , checksum INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "searches" VALUES(1,1,'pair',1,2,0,11,0,NULL,3810427103);
CREATE TABLE sets (
        name TEXT NOT NULL,                 -- A, B, ...
        minimum INTEGER NOT NULL REFERENCES minima(id), checksum INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (name, minimum)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "sets" VALUES('A',1,2345740284);
INSERT INTO "sets" VALUES('A',2,2573502482);
CREATE TABLE state (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL                 -- JSON; where the exploration is
    , checksum INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
INSERT INTO "state" VALUES('key','{"a": 1}',1505183714);
CREATE TABLE totals (
        name TEXT PRIMARY KEY,              -- of a table; `schema`: of the definitions of all tables
        count INTEGER NOT NULL,             -- of its rows
        total INTEGER NOT NULL,             -- of their checksums
        checksum INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO "totals" VALUES('failures',1,2471067473,507552268);
INSERT INTO "totals" VALUES('meta',10,26284177346,2754496207);
INSERT INTO "totals" VALUES('metrics',6,14630771960,103025775);
INSERT INTO "totals" VALUES('minima',3,6393253923,2903605236);
INSERT INTO "totals" VALUES('runs',1,1567057482,3569951684);
INSERT INTO "totals" VALUES('schema',13,32838165396,4127858157);
INSERT INTO "totals" VALUES('searches',1,3810427103,3111278732);
INSERT INTO "totals" VALUES('sets',2,4919242766,2913032738);
INSERT INTO "totals" VALUES('state',1,1505183714,1958410887);
INSERT INTO "totals" VALUES('transition_states',1,3862799655,2696672354);
CREATE TABLE transition_states (
        id INTEGER PRIMARY KEY,
        energy REAL,                        -- NULL for some of an import, with the flag no_energy
        rms_gradient REAL,
        negative_eigenvalue REAL,
        log_product REAL,                   -- of the positive eigenvalues
        orbit_size TEXT,
        point_group_order TEXT,
        moments BLOB,
        minimum_a INTEGER NOT NULL REFERENCES minima(id),
        minimum_b INTEGER NOT NULL REFERENCES minima(id),   -- may be the same minimum
        path_length REAL,                   -- arc length from a over the transition state to b
        hits INTEGER NOT NULL,              -- searches that ended here
        x BLOB,
        run INTEGER REFERENCES runs(id),
        flag TEXT                           -- NULL for an ordinary point, else what is special about it
    , checksum INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "transition_states" VALUES(1,9.0,0.0,-1.0,1.0,'4',NULL,NULL,1,3,4.0,1,X'000000000000F03F000000000000F03F000000000000F03F000000000000F03F000000000000F03F000000000000F03F000000000000F03F000000000000F03F000000000000F03F000000000000F03F000000000000F03F000000000000F03F',NULL,NULL,3862799655);
CREATE INDEX searches_pending ON searches(id) WHERE outcome IS NULL;
CREATE INDEX searches_finished ON searches(kind, a, b) WHERE outcome IS NOT NULL;
CREATE VIEW tried_pairs AS
        SELECT min(a, b) AS a, max(a, b) AS b, count(*) AS count FROM searches
        WHERE kind = 'pair' AND outcome IS NOT NULL GROUP BY min(a, b), max(a, b);
COMMIT;
PRAGMA application_id = 1818326065;
PRAGMA user_version = 3;
