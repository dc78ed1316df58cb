-- The page SQL of the documentation, in Markdown, from the comments in a database. One value.
WITH column_line AS (
    SELECT a.attrelid, a.attnum, format('| `%s` | %s | %s |', a.attname,
        replace(replace(format_type(a.atttypid, a.atttypmod), 'double precision', 'float8'),
            'timestamp with time zone', 'timestamptz'),
        replace(replace(col_description(a.attrelid, a.attnum), '|', '\|'), '*', '\*')) AS line
    FROM pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped
),
view_text AS (
    SELECT c.relname AS name, format(E'### %s\n\n%s\n\n| column | type | |\n|---|---|---|\n%s\n',
        c.relname, replace(obj_description(c.oid, 'pg_class'), '*', '\*'),
        (SELECT string_agg(l.line, E'\n' ORDER BY l.attnum) FROM column_line l
            WHERE l.attrelid = c.oid)) AS text
    FROM pg_class c WHERE c.relnamespace = 'ogive'::regnamespace AND c.relkind = 'v'
),
signature AS (
    SELECT p.oid, p.proname AS name, p.pronargs, s.arguments,
        CASE WHEN s.result = 'record' THEN '' ELSE E' \u2192 ' || s.result END AS result
    FROM pg_proc p
    CROSS JOIN LATERAL (
        SELECT pg_get_function_arguments(p.oid) AS arguments,
            pg_get_function_result(p.oid) AS result
    ) r
    CROSS JOIN LATERAL (
        SELECT replace(replace(regexp_replace(r.arguments, '::(text|double precision)', '', 'g'),
                'double precision', 'float8'), 'timestamp with time zone', 'timestamptz')
                AS arguments,
            replace(replace(r.result, 'double precision', 'float8'),
                'timestamp with time zone', 'timestamptz') AS result
    ) s
    WHERE p.pronamespace = 'ogive'::regnamespace
),
function_text AS (
    -- A long list has a line for each argument.
    SELECT s.name, string_agg(format(E'```\nogive.%s(%s)%s\n```\n\n%s\n', s.name,
            CASE WHEN length(s.name || s.arguments || s.result) < 90 THEN s.arguments
                ELSE E'\n    ' || replace(s.arguments, ', ', E',\n    ') || E'\n' END,
            CASE WHEN length(s.result) < 90 THEN s.result
                ELSE regexp_replace(replace(s.result, ', ', E',\n    '), 'TABLE\((.*)\)$',
                    E'TABLE (\n    \\1\n)') END,
            replace(obj_description(s.oid, 'pg_proc'), '*', '\*')),
        E'\n' ORDER BY s.pronargs, s.arguments COLLATE "C") AS text
    FROM signature s GROUP BY s.name
)
SELECT E'# SQL\n\n'
        'The views and functions of the schema `ogive`, which are the stable contract.\n\n'
        '## Overview\n\n'
        'Written by `deploy/reference-sql` from the comments in `migrations`: change it there. A '
        'later version adds columns\nat the end of a view, and parameters with a default at the '
        'end of a function. <doc:Database> says how the tables\nbehind them are kept, '
        '<doc:Trainers> how the functions are used.\n\n'
        '## Views\n\n'
    || (SELECT string_agg(v.text, E'\n' ORDER BY v.name COLLATE "C") FROM view_text v)
    || E'\n## Functions\n\n'
    || (SELECT string_agg(format(E'### %s\n\n%s', f.name, f.text), E'\n'
            ORDER BY f.name COLLATE "C")
        FROM function_text f) AS page;
