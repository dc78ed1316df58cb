"""A database with made-up rows for the dashboard: INSERT, not a run; the schema is Ogive's.

Run 1 has the tables of all prompts. Run 2 has the same completions and another scorer, run 3 the
same scorer and another sampling: both with tables of all prompts, too. Every tenth prompt has two
candidates and completions, as have the prompts at even distances at which the dashboard's charts
look. Every hundredth has a failure, and all rewards equal. Two snapshots of run 1: one holds all
prompts, the other one those at even distances.
"""
import subprocess
import sys
import time

DRAWS = 4
# As an import leaves them: the rows in order, and the indexes on them.
PROMPTS = """
SET synchronous_commit = off;
ALTER TABLE ogive.prompt_rows DROP CONSTRAINT prompt_rows_set_key_key;
DROP INDEX ogive.prompt_rows_paging;
INSERT INTO ogive.prompt_rows (prompt_set_id, key, candidate_count, content_sha256, content,
    metadata)
SELECT s.id, 'prompt-' || lpad(i::text, 9, '0'), CASE WHEN i %% 10 = 0 THEN 2 ELSE 0 END,
    sha256(int8send(i)), jsonb_build_object('text', 'What is ' || i || ' plus ' || i %% 97 || '?'),
    jsonb_build_object('answer', i + i %% 97)
FROM ogive.prompt_sets s, generate_series(1::bigint, %(size)s) i;
ALTER TABLE ogive.prompt_rows
    ADD CONSTRAINT prompt_rows_set_key_key UNIQUE (prompt_set_id, key);
CREATE UNIQUE INDEX prompt_rows_paging ON ogive.prompt_rows (prompt_set_id, (id + 0));
INSERT INTO ogive.candidate_rows (prompt_id, candidate_index, label, text, metadata)
SELECT p.id, c, 'candidate ' || c, 'It is ' || p.id + c, '{}'
FROM ogive.prompt_rows p, generate_series(0, 1) c WHERE p.candidate_count > 0;
UPDATE ogive.prompt_sets SET prompts = %(size)s, candidates = %(size)s / 10 * 2;
"""
# A value of each prompt and run; 0 to 3 spreads, of which the first gives equal rewards.
TABLES = """
SET synchronous_commit = off;
INSERT INTO ogive.quantile_table_rows
    (scoring_id, prompt_id, n, complete_to, updated_at, draw_indexes, draw_rewards, rewards)
SELECT r.scoring_id, p.id, 4, 4, now(), '{{0,1,2,3}}', CASE WHEN r.id = 2
        THEN ARRAY[v + 3 * d, v + 2 * d, v + d, v] ELSE ARRAY[v, v + d, v + 2 * d, v + 3 * d] END,
    ARRAY[v, v + d, v + 2 * d, v + 3 * d]
FROM ogive.runs r, ogive.prompt_rows p,
    LATERAL (SELECT (hashint8(p.id + r.id) & 65535) / 65536.0::float8 AS v,
        CASE WHEN p.id % 100 = 0 THEN 0 ELSE (p.id % 7 + 1) / 16.0::float8 END AS d OFFSET 0) x
WHERE r.id = {run};
"""
# The places of `DashboardQueries.evenPlaces`.
PLACES = """
CREATE TEMPORARY TABLE places AS
SELECT DISTINCT 1 + ((%(size)s - 1)::float8 * i / (n - 1))::bigint AS id
FROM unnest(ARRAY[6, 12, 100, 120, 400]) n, generate_series(0, n - 1) i;
"""
OTHERS = """
SET synchronous_commit = off;
INSERT INTO ogive.completion_rows (sampling_id, prompt_id, draw_index, text, log_probability, seed,
    landed_at, token_count, sample_ms, worker, finish_reason)
SELECT r.sampling_id, p.id, d, 'It is ' || p.id + d || '.', -7.5 - d, p.id * 4 + d, now(),
    20 + hashint8(p.id * 4 + d) %% 20, 1, '00000000-0000-0000-0000-000000000001',
    CASE WHEN p.id %% 50 = 0 THEN 'length' ELSE 'stop' END
FROM ogive.runs r, (SELECT id FROM places UNION SELECT generate_series(10, %(size)s, 10)) p,
    generate_series(0, 3) d
WHERE r.id = 1;
INSERT INTO ogive.candidate_reward_rows (scoring_id, prompt_id, candidate_index, reward)
SELECT r.scoring_id, k.prompt_id, k.candidate_index,
    (hashint8(k.prompt_id * 2 + k.candidate_index) & 65535) / 32768.0::float8
FROM ogive.runs r, ogive.candidate_rows k WHERE r.id = 1;
INSERT INTO ogive.failure_rows (scoring_id, prompt_id, item_index, attempts, failed_at, worker,
    item_kind, stage, code, message)
SELECT r.scoring_id, i, 0, 3, now(), '00000000-0000-0000-0000-000000000001', 'draw',
    CASE WHEN i %% 300 = 0 THEN 'sampling' ELSE 'scoring' END,
    CASE WHEN i %% 300 = 0 THEN 'timeout' ELSE 'refused' END, 'the server said no to ' || i
FROM ogive.runs r, generate_series(100, %(size)s, 100) i WHERE r.id = 1;
INSERT INTO ogive.snapshot_rows (run_id, sampling_id, scoring_id, made_at, is_complete, name,
    sha256, manifest)
SELECT r.id, r.sampling_id, r.scoring_id, now(), true, 'snapshot-' || i, sha256(int8send(i)),
    jsonb_build_object('counts', jsonb_build_object('prompts', %(size)s, 'draws', 4 * %(size)s,
        'rewards', 4 * %(size)s, 'failures', %(size)s / 100, 'candidates', %(size)s / 10 * 2))
FROM ogive.runs r, generate_series(1::bigint, 2) i WHERE r.id = 1;
INSERT INTO ogive.snapshot_table_rows (snapshot_id, prompt_id, draws, sha256, draw_indexes,
    draw_rewards, rewards, unscored_indexes, candidate_indexes, candidate_rewards,
    candidate_log_probabilities)
SELECT s.id, t.prompt_id, 4, sha256(int8send(t.prompt_id)), draw_indexes, draw_rewards, rewards,
    '{}', '{}', '{}', '{}'
FROM ogive.snapshot_rows s JOIN ogive.quantile_table_rows t USING (scoring_id)
WHERE s.name = 'snapshot-1' OR t.prompt_id IN (SELECT id FROM places);
INSERT INTO ogive.run_history_rows (run_id, at, draws, failures, tokens)
SELECT 1, now() - (1000 - i) * interval '1 minute', i * 4 * %(size)s / 1000, i, 30 * i
FROM generate_series(1::bigint, 1000) i;
INSERT INTO ogive.workers (id, term, seen_at, name, state)
SELECT gen_random_uuid(), 0, now(), 'worker ' || i, 'active' FROM generate_series(1, 400) i;
UPDATE ogive.sampling_progress SET draws = 4 * %(size)s, tokens = 120 * %(size)s,
    truncated = %(size)s / 50;
UPDATE ogive.scoring_progress SET rewards = 4 * %(size)s, reward_sum = 3 * %(size)s;
UPDATE ogive.scoring_progress SET candidate_rewards = %(size)s / 10 * 2,
    draw_failures = %(size)s / 100 WHERE scoring_id = (SELECT scoring_id FROM ogive.runs
    WHERE id = 1);
"""
RUNS = {
    "first": "policy: {kind: synthetic}\nscorer: {kind: synthetic}",
    "rescored": "policy: {kind: synthetic}\nscorer: {kind: synthetic, model: other}",
    "refreshed": "policy: {kind: synthetic, sampling: {temperature: 0.9}}\n"
                 "scorer: {kind: synthetic}",
}


def execute(sql):
    """Runs statements, one transaction each, in the database of libpq's variables."""
    subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1"], input=sql, text=True, check=True)


def configuration(name, database):
    """The configuration of a run, and of the dashboard."""
    return (f"run: {{name: {name}, draws: {DRAWS}}}\nprompts: {{set: pages}}\n{RUNS[name]}\n"
            "dashboard: {http: {listen: '127.0.0.1:0'}}\n"
            f"database: {database}\n")


def fill(ogive, folder, size):
    """Makes the rows, with the database in libpq's variables."""
    begun = time.perf_counter()

    def step(what):
        print(f"  {what}: {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    # Who measures says when statistics are made.
    execute("ALTER SYSTEM SET autovacuum = off; SELECT pg_reload_conf();\n"
            "ALTER SYSTEM SET max_wal_size = '4GB'; SELECT pg_reload_conf();\n")
    execute("INSERT INTO ogive.prompt_sets (name, created_at) VALUES ('pages', now());"
            + PROMPTS % {"size": size})
    step(f"{size} prompts")
    for number, name in enumerate(RUNS, 1):
        subprocess.run([ogive, "submit", folder / f"{name}.yaml"], check=True,
                       stdout=subprocess.DEVNULL)
        execute(TABLES.format(run=number))
        step(f"the tables of run {number}")
    execute((PLACES + OTHERS) % {"size": size})
    step("completions, candidates, failures, snapshots")
