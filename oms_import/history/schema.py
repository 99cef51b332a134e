"""Tables of the history store, by schema version. Statements are only ever added.

Keys are md5 as UUID (128 bits) without an index: uniqueness is kept by the anti join inside the one
writer's transaction and proved by `history verify`.
"""

from __future__ import annotations

VERSIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE runs (
            run_id VARCHAR, command VARCHAR, status VARCHAR, exit_code INTEGER,
            started_at TIMESTAMP, finished_at TIMESTAMP, retry_of VARCHAR,
            published BOOLEAN, manifest VARCHAR, report VARCHAR)""",
        """CREATE TABLE drops (
            run_id VARCHAR, drop_id VARCHAR, channel VARCHAR, account VARCHAR, name VARCHAR,
            origin VARCHAR, sha256 VARCHAR, bytes BIGINT, modified_at TIMESTAMP,
            fetched_at TIMESTAMP, status VARCHAR, encoding VARCHAR, dialect VARCHAR,
            header_hash VARCHAR, profile VARCHAR, profile_version INTEGER,
            stated_count BIGINT, read_count BIGINT, findings VARCHAR)""",
        """CREATE TABLE order_claims (
            key_part UINTEGER, key_hash UUID, key VARCHAR, channel VARCHAR, account VARCHAR,
            order_key VARCHAR, order_number VARCHAR, content UUID, fingerprint UUID,
            ordered_at TIMESTAMP, currency VARCHAR, value DECIMAL(18,4), lines BIGINT,
            revision INTEGER, run_id VARCHAR, drop_id VARCHAR, record BIGINT, line BIGINT,
            CHECK ((key_part IS NULL) = (key_hash IS NULL)))""",
        """CREATE TABLE exceptions (
            run_id VARCHAR, drop_id VARCHAR, channel VARCHAR, account VARCHAR, order_key VARCHAR,
            order_number VARCHAR, outcome VARCHAR, codes VARCHAR, currency VARCHAR,
            value DECIMAL(18,4), record BIGINT, line BIGINT, findings VARCHAR,
            status VARCHAR, resolved_by VARCHAR)""",
        """CREATE TABLE others (
            run_id VARCHAR, drop_id VARCHAR, channel VARCHAR, account VARCHAR, order_key VARCHAR,
            order_number VARCHAR, outcome VARCHAR, codes VARCHAR, record BIGINT, line BIGINT)""",
        "CREATE TABLE schema_version (version INTEGER, applied_at TIMESTAMP)",
    ),
    (
        """CREATE TABLE interchanges (
            run_id VARCHAR, drop_id VARCHAR, channel VARCHAR, number INTEGER, standard VARCHAR,
            sender VARCHAR, receiver VARCHAR, control VARCHAR, test BOOLEAN,
            seen_at TIMESTAMP)""",
        "CREATE TABLE control_numbers (sender VARCHAR, receiver VARCHAR, last BIGINT)",
    ),
    (
        """CREATE TABLE headers (
            channel VARCHAR, profile VARCHAR, format VARCHAR, header_hash VARCHAR,
            columns VARCHAR[], first_seen TIMESTAMP, last_seen TIMESTAMP, drops BIGINT,
            accepted BIGINT, first_run VARCHAR, first_drop INTEGER, last_run VARCHAR,
            accepted_run VARCHAR, accepted_drop INTEGER)""",
        """INSERT INTO headers
        SELECT channel, profile, dialect->>'format', header_hash,
            from_json(any_value(dialect)->'columns', '["VARCHAR"]'),
            min(fetched_at), max(fetched_at), count(DISTINCT drop_id), count(DISTINCT drop_id),
            min(run_id), min(rowid)::INTEGER, max(run_id), max(run_id), max(rowid)::INTEGER
        FROM drops
        WHERE status = 'imported' AND json_valid(dialect)
            AND dialect->>'format' IN ('csv', 'excel')
            AND NOT list_has_all(from_json(dialect->'columns', '["VARCHAR"]'),
                ['_codes', '_reasons', '_owner'])
        GROUP BY channel, profile, dialect->>'format', header_hash
        ORDER BY min(rowid)""",
    ),
    (
        """CREATE TABLE profiles (
            channel VARCHAR, version INTEGER, text VARCHAR, first_at TIMESTAMP,
            last_run VARCHAR, last_at TIMESTAMP)""",
    ),
    (
        """CREATE TABLE remote_files (
            channel VARCHAR, origin VARCHAR, remote_id VARCHAR, size BIGINT, modified_at TIMESTAMP,
            etag VARCHAR, sha256 VARCHAR, settled BOOLEAN, run_id VARCHAR, seen_at TIMESTAMP)""",
        """CREATE TABLE remote_failures (
            channel VARCHAR, origin VARCHAR, size BIGINT, modified_at TIMESTAMP, etag VARCHAR,
            attempts INTEGER, code VARCHAR, message VARCHAR, dead BOOLEAN, last_at TIMESTAMP)""",
        """CREATE TABLE sources (
            channel VARCHAR, last_ok_at TIMESTAMP, last_try_at TIMESTAMP, streak INTEGER,
            code VARCHAR, message VARCHAR, open_until TIMESTAMP)""",
    ),
    (
        """CREATE TABLE outbox (
            run_id VARCHAR, target VARCHAR, part INTEGER, orders BIGINT, first_order VARCHAR,
            status VARCHAR, attempts INTEGER, answer VARCHAR, last_at TIMESTAMP)""",
    ),
    (
        """CREATE TABLE exception_marks (
            id VARCHAR, done_at TIMESTAMP, who VARCHAR, action VARCHAR, owner VARCHAR,
            reason VARCHAR, until TIMESTAMP)""",
    ),
    ("CREATE TABLE watermarks (channel VARCHAR, until TIMESTAMP)",),
)
"""runs: one row a committed run (manifest: JSON of the files to publish; report: report.json).
drops: one row a drop of a run, also rejected ones. order_claims: one row an accepted order (and
revision); of a known order a run reads key_part first, 32 bits of the key's md5, and rarely more.
exceptions: one row a rejected or held order; status open, superseded (by the run in which the
order came back again), resolved (resolved_by: the run that accepted it later; null: a person),
dismissed or archived. exception_marks: what people did with exceptions, one row a touch.
interchanges: one row an interchange of EDI. control_numbers: the last number used for what we send
to a partner.
headers: one row a header that a channel's tables had, also in files that were refused; accepted:
how many drops with it were imported, the last of them in accepted_run as its accepted_drop-th;
first_drop orders headers of one run. profiles: each text (JSON, everything filled in) that a
channel's profile had in a run that kept something. remote_files: the newest version of each
file that was fetched from a source; settled: put away too. remote_failures: files that could not
be fetched; dead: no run tries again. sources: how each channel's source fared. watermarks: up
to when a source was asked for what is new, by runs that kept what came. outbox: accepted orders
for each receiver, `part` counting pieces of a run; status pending, delivered, failed or refused.
others: duplicates and ignored orders, for `trace`."""
