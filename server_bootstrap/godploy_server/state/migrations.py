"""The schema, as numbered steps. A released step is never changed: a new one is added at the end."""

from __future__ import annotations

from typing import Final

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE settings (
            key TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE projects (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            subnet TEXT NOT NULL UNIQUE,
            created_at TEXT NOT NULL
        ) STRICT""",
        """CREATE TABLE services (
            id TEXT PRIMARY KEY,
            project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE RESTRICT,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            settings TEXT NOT NULL,
            is_stopped INTEGER NOT NULL DEFAULT 0,
            config_version INTEGER NOT NULL DEFAULT 1,
            deploy_key TEXT NOT NULL,
            created_at TEXT NOT NULL,
            UNIQUE (project_id, name)
        ) STRICT""",
        """CREATE TABLE variables (
            service_id TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            plain TEXT,
            sealed BLOB,
            PRIMARY KEY (service_id, name),
            CHECK ((plain IS NULL) <> (sealed IS NULL))
        ) STRICT""",
        """CREATE TABLE domains (
            id TEXT PRIMARY KEY,
            service_id TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
            host TEXT NOT NULL,
            path TEXT NOT NULL,
            tls INTEGER NOT NULL,
            certificate TEXT NOT NULL,
            certificate_detail TEXT NOT NULL DEFAULT '',
            created_at TEXT NOT NULL,
            UNIQUE (host, path)
        ) STRICT""",
        "CREATE INDEX domains_of_service ON domains (service_id)",
        # `place` orders the queue: ids are random and two rows may carry the same time.
        """CREATE TABLE deployments (
            place INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            service_id TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            state TEXT NOT NULL,
            step TEXT,
            steps TEXT NOT NULL DEFAULT '[]',
            "trigger" TEXT NOT NULL,
            asked_by TEXT NOT NULL,
            "commit" TEXT NOT NULL DEFAULT '',
            commit_message TEXT NOT NULL DEFAULT '',
            commit_author TEXT NOT NULL DEFAULT '',
            "release" INTEGER,
            created_at TEXT NOT NULL,
            started_at TEXT,
            ended_at TEXT,
            job_pid INTEGER,
            job_started TEXT,
            cancel_requested INTEGER NOT NULL DEFAULT 0,
            problem TEXT,
            UNIQUE (service_id, number)
        ) STRICT""",
        "CREATE UNIQUE INDEX one_running_deployment ON deployments (service_id) WHERE state = 'running'",
        "CREATE UNIQUE INDEX one_queued_deployment ON deployments (service_id) WHERE state = 'queued'",
        """CREATE TABLE releases (
            service_id TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            deployment_id TEXT NOT NULL,
            image TEXT NOT NULL,
            image_id TEXT NOT NULL,
            "commit" TEXT NOT NULL,
            commit_message TEXT NOT NULL,
            config_version INTEGER NOT NULL,
            snapshot TEXT NOT NULL,
            is_serving INTEGER NOT NULL DEFAULT 0,
            created_at TEXT NOT NULL,
            PRIMARY KEY (service_id, number)
        ) STRICT""",
        "CREATE UNIQUE INDEX one_serving_release ON releases (service_id) WHERE is_serving",
        """CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at TEXT NOT NULL,
            actor TEXT NOT NULL,
            role TEXT NOT NULL,
            verb TEXT NOT NULL,
            target TEXT NOT NULL
        ) STRICT""",
    ),
    (
        "ALTER TABLE services ADD COLUMN template TEXT",
        "ALTER TABLE variables ADD COLUMN at_build INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE variables ADD COLUMN at_run INTEGER NOT NULL DEFAULT 1",
        # "SERVICE.OUTPUT"; the row's plain value is '' then
        "ALTER TABLE variables ADD COLUMN reference TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE deployments ADD COLUMN branch TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE deployments ADD COLUMN upload TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE deployments ADD COLUMN image_id TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE deployments ADD COLUMN plan TEXT",
        "ALTER TABLE deployments ADD COLUMN superseded_by INTEGER",
        "DROP INDEX one_queued_deployment",
        """CREATE UNIQUE INDEX one_queued_deployment ON deployments (service_id, branch, ("trigger" = 'rollback'))
            WHERE state = 'queued'""",
        """CREATE TABLE registries (
            id TEXT PRIMARY KEY,
            host TEXT NOT NULL UNIQUE,
            user TEXT NOT NULL,
            sealed BLOB NOT NULL,
            checked_at TEXT
        ) STRICT""",
        """CREATE TABLE uploads (
            id TEXT PRIMARY KEY,
            service_id TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            is_archive INTEGER NOT NULL,
            size_bytes INTEGER NOT NULL,
            is_whole INTEGER NOT NULL DEFAULT 0,
            created_at TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX uploads_of_service ON uploads (service_id, created_at)",
        # A change of a password that is under way. `old` is kept where a deployment brings the new one in.
        """CREATE TABLE rotations (
            service_id TEXT PRIMARY KEY REFERENCES services (id) ON DELETE CASCADE,
            variable TEXT NOT NULL,
            new BLOB NOT NULL,
            old BLOB NOT NULL,
            deployment_id TEXT NOT NULL DEFAULT '',
            redeploys INTEGER NOT NULL,
            asked_by TEXT NOT NULL
        ) STRICT""",
    ),
    (
        """CREATE TABLE hooks (
            service_id TEXT PRIMARY KEY REFERENCES services (id) ON DELETE CASCADE,
            id TEXT NOT NULL UNIQUE,
            host TEXT NOT NULL,
            sealed BLOB NOT NULL,
            is_on INTEGER NOT NULL DEFAULT 1,
            tag_patterns TEXT NOT NULL DEFAULT '[]',
            watch_paths TEXT NOT NULL DEFAULT '[]'
        ) STRICT""",
        """CREATE TABLE deliveries (
            place INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            service_id TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
            digest TEXT NOT NULL,
            ref TEXT NOT NULL,
            notice TEXT NOT NULL,
            verdict TEXT NOT NULL,
            reason TEXT NOT NULL,
            deployment_id TEXT,
            is_redelivery INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        "CREATE INDEX deliveries_of_service ON deliveries (service_id, place)",
        "CREATE INDEX deliveries_by_digest ON deliveries (service_id, digest)",
    ),
    (
        """CREATE TABLE shared_hooks (
            id TEXT PRIMARY KEY,
            host TEXT NOT NULL,
            name TEXT NOT NULL,
            page TEXT NOT NULL UNIQUE,
            sealed BLOB NOT NULL,
            received_at TEXT,
            received TEXT NOT NULL DEFAULT ''
        ) STRICT""",
        """ALTER TABLE hooks ADD COLUMN shared_id TEXT
            REFERENCES shared_hooks (id) ON UPDATE CASCADE ON DELETE CASCADE""",
        "CREATE INDEX hooks_by_shared ON hooks (shared_id)",
        """CREATE TABLE status_writers (
            service_id TEXT PRIMARY KEY REFERENCES services (id) ON DELETE CASCADE,
            host TEXT NOT NULL,
            api TEXT NOT NULL,
            repository TEXT NOT NULL,
            name TEXT NOT NULL,
            allows_http INTEGER NOT NULL,
            sealed BLOB NOT NULL,
            since TEXT NOT NULL,
            told_at TEXT,
            told_commit TEXT NOT NULL DEFAULT '',
            told_state TEXT NOT NULL DEFAULT '',
            problem TEXT
        ) STRICT""",
        # What a git host is told of a deployment's commit. `told` is the newest state that it took.
        """CREATE TABLE commit_states (
            place INTEGER PRIMARY KEY AUTOINCREMENT,
            deployment_id TEXT NOT NULL UNIQUE REFERENCES deployments (id) ON DELETE CASCADE,
            service_id TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
            "commit" TEXT NOT NULL,
            wanted TEXT NOT NULL,
            text TEXT NOT NULL,
            wanted_at TEXT NOT NULL,
            told TEXT NOT NULL DEFAULT '',
            is_open INTEGER NOT NULL DEFAULT 1
        ) STRICT""",
        "CREATE INDEX open_commit_states ON commit_states (service_id, place) WHERE is_open",
        # Keys of git hosts that a person confirmed; those of the large hosts are part of the program.
        """CREATE TABLE git_host_keys (
            id TEXT PRIMARY KEY,
            host TEXT NOT NULL,
            key_type TEXT NOT NULL,
            key TEXT NOT NULL,
            trusted_by TEXT NOT NULL,
            trusted_at TEXT NOT NULL,
            UNIQUE (host, key_type)
        ) STRICT""",
        # What was believed once, long after its delivery is listed no more: an old push must not come again.
        """CREATE TABLE received_marks (
            place INTEGER PRIMARY KEY AUTOINCREMENT,
            service_id TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
            mark BLOB NOT NULL,
            UNIQUE (service_id, mark)
        ) STRICT""",
        # Hooks that ended: what the relay took in by them before is listed as refused.
        """CREATE TABLE former_hooks (
            id TEXT PRIMARY KEY,
            service_id TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE
        ) STRICT""",
    ),
)
