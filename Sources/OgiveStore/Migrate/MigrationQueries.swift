/// SQL on what the migrator keeps, and on the catalogue.
enum MigrationQueries {
    /// Names the lock under which migrations run: "ogive" and a number of its own.
    static let lock: Int64 = 0x6F67_6976_6500_0001

    static let acquireLock = "SELECT pg_advisory_lock($1)"
    static let presence = """
        SELECT to_regclass('ogive.migrations') IS NOT NULL AS has_tables,
            to_regclass('ogive_internal.object_files') IS NOT NULL AS has_objects
        """
    static let presenceOfTables =
        "SELECT to_regclass('ogive.migrations') IS NOT NULL AS has_tables, false AS has_objects"
    /// Whether the login may not look into `ogive_internal`, where there is one.
    static let isReader = """
        SELECT coalesce(NOT has_schema_privilege(
            to_regnamespace('ogive_internal')::oid, 'USAGE'), false)
        """
    /// Before the first release the table had no checksums.
    static let applied = """
        SELECT m.number, m.name, substr(to_jsonb(m) ->> 'sha256', 3) AS sha256
        FROM ogive.migrations m ORDER BY m.number
        """
    static let appliedObjects = """
        SELECT path, encode(sha256, 'hex') AS sha256, objects, program
        FROM ogive_internal.object_files
        """
    /// Since PostgreSQL 16, who makes a role may not take it on without this.
    static let joinNewRoles = """
        SELECT set_config('createrole_self_grant', 'set, inherit', true)
        WHERE current_setting('server_version_num')::integer >= 160000
        """
    static let becomeOwner = "SET LOCAL ROLE ogive_owner"
    /// Files name all that they use with its schema, and PostgreSQL then names all with theirs.
    static let narrowSearch = "SET search_path = pg_catalog, pg_temp"
    /// A function that cannot work is an error now.
    static let checkBodies = "SET LOCAL check_function_bodies = on"
    static let insert = """
        INSERT INTO ogive.migrations (number, name, sha256, applied_at)
        VALUES ($1, $2, $3, to_timestamp($4::float8 / 1000000))
        """
    static let deleteObjects = """
        DELETE FROM ogive_internal.object_files WHERE path <> ALL ($1)
        """
    static let upsertObjects = """
        INSERT INTO ogive_internal.object_files AS f (path, sha256, objects, program, applied_at)
        VALUES ($1, $2, $3, $4, to_timestamp($5::float8 / 1000000))
        ON CONFLICT (path) DO UPDATE
        SET sha256 = excluded.sha256, objects = excluded.objects, program = excluded.program,
            applied_at = CASE WHEN f.sha256 = excluded.sha256 THEN f.applied_at
                ELSE excluded.applied_at END
        """

    /// The objects of a list of names that are there: functions as `name(types)`, else views.
    static let found = """
        SELECT n.name, n.oid, n.is_function
        FROM (SELECT u.name, u.name LIKE '%(%' AS is_function,
            CASE WHEN u.name LIKE '%(%' THEN to_regprocedure(u.name)::oid
                ELSE to_regclass(u.name)::oid END::bigint AS oid
            FROM unnest($1::text[]) u(name)) n
        WHERE n.oid IS NOT NULL
        """
    /// Gives an object another name, which no file uses. $1 its number, $2 whether a function.
    static let rename = """
        SELECT CASE WHEN $2 THEN (
            SELECT format('ALTER FUNCTION %s RENAME TO %I', p.oid::regprocedure,
                left(p.proname, 54) || ' (former)')
            FROM pg_proc p WHERE p.oid = $1::oid)
        ELSE (
            SELECT format('ALTER VIEW %s RENAME TO %I', c.oid::regclass,
                left(c.relname, 54) || ' (former)')
            FROM pg_class c WHERE c.oid = $1::oid)
        END
        """
    /// The rights that users granted on an object, as statements on one of another name. $1 its
    /// number, $2 whether a function, $3 the name.
    static let grants = """
        SELECT format('GRANT %s ON %s %s TO %s%s;', g.privilege_type,
            CASE WHEN $2 THEN 'FUNCTION' ELSE 'TABLE' END, $3::text, g.grantee::regrole,
            CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS sql
        FROM (SELECT p.proowner AS owner, p.proacl AS rights FROM pg_proc p
                WHERE $2 AND p.oid = $1::oid
            UNION ALL
            SELECT c.relowner, c.relacl FROM pg_class c WHERE NOT $2 AND c.oid = $1::oid) o
        CROSS JOIN LATERAL aclexplode(o.rights) g
        WHERE g.grantee NOT IN (0, o.owner)
        """
    /// How an object is removed that nothing depends on. $1 its number, $2 whether a function.
    static let drop = """
        SELECT CASE WHEN $2 THEN format('DROP FUNCTION %s', $1::oid::regprocedure)
        ELSE format('DROP VIEW %s', $1::oid::regclass) END
        """
    /// What depends on objects, directly: of rules their views. $1 numbers, $2 whether functions.
    static let dependents = """
        SELECT a.oid, x.objid::bigint AS dependent,
            pg_describe_object(x.classid, x.objid, 0) AS description
        FROM (SELECT u.oid, CASE WHEN u.is_function THEN 'pg_proc'::regclass
                ELSE 'pg_class'::regclass END AS classid
            FROM unnest($1::bigint[], $2::boolean[]) u(oid, is_function)) a
        CROSS JOIN LATERAL (
            SELECT a.classid, a.oid::oid AS objid
            UNION ALL
            SELECT 'pg_type'::regclass, t.oid FROM pg_class c
            JOIN pg_type t ON t.oid = c.reltype OR t.typelem = c.reltype
            WHERE a.classid = 'pg_class'::regclass AND c.oid = a.oid::oid
        ) o
        JOIN pg_depend e ON e.refclassid = o.classid AND e.refobjid = o.objid
            AND e.deptype IN ('n', 'a')
        LEFT JOIN pg_rewrite w ON e.classid = 'pg_rewrite'::regclass AND w.oid = e.objid
        CROSS JOIN LATERAL (
            SELECT CASE WHEN w.oid IS NULL THEN e.classid ELSE 'pg_class'::regclass END AS classid,
                coalesce(w.ev_class, e.objid) AS objid
        ) x
        WHERE (x.classid, x.objid) <> (a.classid::oid, a.oid::oid)
        GROUP BY 1, 2, 3 ORDER BY 3
        """

    /// What removing the schema takes, whichever version made it.
    static let hasSchema = "SELECT to_regnamespace('ogive') IS NOT NULL"
    static let bytes = """
        SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
        WHERE c.relnamespace IN (to_regnamespace('ogive'), to_regnamespace('ogive_internal'))
            AND c.relkind = 'r'
        """
    static let hasRuns = "SELECT to_regclass('ogive.run_status') IS NOT NULL"
    static let contents = """
        SELECT (SELECT count(*) FROM ogive.prompt_rows) AS prompts,
            (SELECT coalesce(sum(draws), 0)::bigint FROM ogive.sampling_progress) AS completions,
            (SELECT coalesce(sum(rewards + candidate_rewards), 0)::bigint
                FROM ogive.scoring_progress) AS rewards,
            ARRAY(SELECT name FROM ogive.runs ORDER BY name) AS runs
        """
    static let isLed = """
        SELECT coordinator FROM ogive.leadership WHERE expires_at > clock_timestamp()
        """
    static let hasLeadership = "SELECT to_regclass('ogive.leadership') IS NOT NULL"
    /// Objects outside of the schema that use it.
    static let outsiders = """
        WITH schema_object AS (
            SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid FROM pg_class c
            WHERE c.relnamespace IN (to_regnamespace('ogive'), to_regnamespace('ogive_internal'))
            UNION ALL
            SELECT 'pg_proc'::regclass, p.oid FROM pg_proc p
            WHERE p.pronamespace IN (to_regnamespace('ogive'), to_regnamespace('ogive_internal'))
            UNION ALL
            SELECT 'pg_type'::regclass, t.oid FROM pg_type t
            WHERE t.typnamespace IN (to_regnamespace('ogive'), to_regnamespace('ogive_internal'))
        )
        SELECT DISTINCT pg_describe_object(x.classid, x.objid, 0) AS description
        FROM schema_object o
        JOIN pg_depend e ON e.refclassid = o.classid AND e.refobjid = o.objid
            AND e.deptype IN ('n', 'a')
        LEFT JOIN pg_rewrite w ON e.classid = 'pg_rewrite'::regclass AND w.oid = e.objid
        LEFT JOIN pg_constraint k ON e.classid = 'pg_constraint'::regclass AND k.oid = e.objid
            AND k.conrelid <> 0
        LEFT JOIN pg_attrdef d ON e.classid = 'pg_attrdef'::regclass AND d.oid = e.objid
        LEFT JOIN pg_trigger t ON e.classid = 'pg_trigger'::regclass AND t.oid = e.objid
        CROSS JOIN LATERAL (
            SELECT coalesce(w.ev_class, k.conrelid, d.adrelid, t.tgrelid) AS relation
        ) r
        CROSS JOIN LATERAL (
            SELECT CASE WHEN r.relation IS NULL THEN e.classid ELSE 'pg_class'::regclass END
                AS classid, coalesce(r.relation, e.objid) AS objid
        ) x
        WHERE NOT EXISTS (SELECT FROM schema_object i
            WHERE i.classid = x.classid AND i.objid = x.objid)
        ORDER BY 1
        """
    /// Some partitions at once: each is a lock until the transaction ends.
    static let partitions = """
        SELECT 'DROP TABLE ' || string_agg(p.name, ', ') AS sql FROM (
            SELECT i.inhrelid::regclass::text AS name FROM pg_inherits i
            JOIN pg_class c ON c.oid = i.inhparent
            WHERE c.relnamespace = to_regnamespace('ogive') AND c.relkind = 'p' LIMIT 200) p
        """
    static let roles = """
        SELECT rolname FROM pg_roles
        WHERE rolname IN ('ogive_owner', 'ogive_writer', 'ogive_reader') ORDER BY 1
        """
}
