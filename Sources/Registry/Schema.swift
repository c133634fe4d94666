internal import GRDB

/// The tables of the view. They hold nothing that the run directories do not, so that another version's are thrown away.
enum Schema {
    /// Grows with every change below, and with every change to what is put in.
    static let version = 2

    private static let tables = """
        CREATE TABLE run (
            directory TEXT PRIMARY KEY, trial TEXT NOT NULL, seed INTEGER, state TEXT NOT NULL, epochs INTEGER NOT NULL,
            epochs_planned INTEGER, best_epoch INTEGER, metric TEXT, score REAL, model TEXT, cache_key TEXT, host TEXT,
            device TEXT, compute TEXT, threads INTEGER, began TEXT, ended TEXT, seconds REAL,
            seconds_training REAL NOT NULL, seconds_evaluating REAL NOT NULL, frames_per_second REAL,
            peak_memory_bytes INTEGER, problem TEXT
        );
        CREATE TABLE setting (
            run TEXT NOT NULL REFERENCES run ON DELETE CASCADE, key TEXT NOT NULL, value,
            PRIMARY KEY (run, key)
        ) WITHOUT ROWID;
        CREATE TABLE epoch (
            run TEXT NOT NULL REFERENCES run ON DELETE CASCADE, epoch INTEGER NOT NULL, step INTEGER NOT NULL, score REAL,
            train_loss REAL, development_loss REAL, gradient_norm REAL, seconds_training REAL NOT NULL,
            seconds_evaluating REAL NOT NULL, frames_per_second REAL, is_best INTEGER NOT NULL,
            PRIMARY KEY (run, epoch)
        ) WITHOUT ROWID;
        -- Of every epoch on the development split.
        CREATE TABLE epoch_score (
            run TEXT NOT NULL REFERENCES run ON DELETE CASCADE, epoch INTEGER NOT NULL, dimension TEXT NOT NULL,
            metric TEXT NOT NULL, value REAL,
            PRIMARY KEY (run, epoch, dimension, metric)
        ) WITHOUT ROWID;
        -- Of the best weights on every split.
        CREATE TABLE score (
            run TEXT NOT NULL REFERENCES run ON DELETE CASCADE, split TEXT NOT NULL, dimension TEXT NOT NULL,
            metric TEXT NOT NULL, value REAL, low REAL, high REAL,
            PRIMARY KEY (run, split, dimension, metric)
        ) WITHOUT ROWID;
        -- What was read of a run's files, to know them again.
        CREATE TABLE source (run TEXT PRIMARY KEY REFERENCES run ON DELETE CASCADE, fingerprint TEXT NOT NULL);
        """

    /// Makes the tables, in place of another version's.
    static func prepare(_ queue: DatabaseQueue) throws {
        if try queue.read({ try isCurrent($0) }) { return }
        try queue.writeWithoutTransaction { database in
            // Dropping a table that others refer to would first delete, row by row.
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            try database.inTransaction(.immediate) {
                // Another process may have been first.
                if try isCurrent(database) { return .commit }
                let names = try String.fetchAll(
                    database, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
                for name in names { try database.execute(sql: "DROP TABLE \(name.quotedDatabaseIdentifier)") }
                try database.execute(sql: tables)
                try database.execute(sql: "PRAGMA user_version = \(version)")
                return .commit
            }
            try database.execute(sql: "PRAGMA foreign_keys = ON")
        }
    }

    private static func isCurrent(_ database: Database) throws -> Bool {
        try Int.fetchOne(database, sql: "PRAGMA user_version") == version
    }
}
