/// One step of the schema, from the numbered files in `sql`.
package struct Migration: Sendable, Hashable {
    /// Its place in the order, from 1 without gaps.
    package let number: Int
    /// What it makes, as in the names of its files.
    package let name: String
    /// The statements that make it.
    package let up: String
    /// The statements that take it back.
    package let down: String

    private init(_ number: Int, _ name: String, up: [UInt8], down: [UInt8]) {
        self.number = number
        self.name = name
        self.up = String(decoding: up, as: UTF8.self)
        self.down = String(decoding: down, as: UTF8.self)
    }

    /// All migrations, ascending. A constant of an embedded file has the file's name, with `_` for
    /// every character that cannot stand in an identifier, the leading 0 among them.
    package static let all: [Migration] = [
        Migration(
            1, "roles_and_schema", up: PackageResources._001_roles_and_schema_up_sql,
            down: PackageResources._001_roles_and_schema_down_sql),
        Migration(
            2, "prompts", up: PackageResources._002_prompts_up_sql,
            down: PackageResources._002_prompts_down_sql),
        Migration(
            3, "samplings", up: PackageResources._003_samplings_up_sql,
            down: PackageResources._003_samplings_down_sql),
        Migration(
            4, "scorings", up: PackageResources._004_scorings_up_sql,
            down: PackageResources._004_scorings_down_sql),
        Migration(
            5, "runs", up: PackageResources._005_runs_up_sql,
            down: PackageResources._005_runs_down_sql),
        Migration(
            6, "functions", up: PackageResources._006_functions_up_sql,
            down: PackageResources._006_functions_down_sql),
        Migration(
            7, "views", up: PackageResources._007_views_up_sql,
            down: PackageResources._007_views_down_sql),
        Migration(
            8, "leadership", up: PackageResources._008_leadership_up_sql,
            down: PackageResources._008_leadership_down_sql),
        Migration(
            9, "distributions", up: PackageResources._009_distributions_up_sql,
            down: PackageResources._009_distributions_down_sql),
        Migration(
            10, "trainer_functions", up: PackageResources._010_trainer_functions_up_sql,
            down: PackageResources._010_trainer_functions_down_sql),
        Migration(
            11, "log_probabilities", up: PackageResources._011_log_probabilities_up_sql,
            down: PackageResources._011_log_probabilities_down_sql),
        Migration(
            12, "reward_parts", up: PackageResources._012_reward_parts_up_sql,
            down: PackageResources._012_reward_parts_down_sql),
        Migration(
            13, "rescoring", up: PackageResources._013_rescoring_up_sql,
            down: PackageResources._013_rescoring_down_sql),
        Migration(
            14, "budgets", up: PackageResources._014_budgets_up_sql,
            down: PackageResources._014_budgets_down_sql),
        Migration(
            15, "trainer_rows", up: PackageResources._015_trainer_rows_up_sql,
            down: PackageResources._015_trainer_rows_down_sql),
        Migration(
            16, "snapshots", up: PackageResources._016_snapshots_up_sql,
            down: PackageResources._016_snapshots_down_sql),
        Migration(
            17, "precision", up: PackageResources._017_precision_up_sql,
            down: PackageResources._017_precision_down_sql),
        Migration(
            18, "trainer_snapshots", up: PackageResources._018_trainer_snapshots_up_sql,
            down: PackageResources._018_trainer_snapshots_down_sql),
        Migration(
            19, "endpoint_states", up: PackageResources._019_endpoint_states_up_sql,
            down: PackageResources._019_endpoint_states_down_sql),
        Migration(
            20, "fast_quantile_rewards", up: PackageResources._020_fast_quantile_rewards_up_sql,
            down: PackageResources._020_fast_quantile_rewards_down_sql),
        Migration(
            21, "analyze_new_tables", up: PackageResources._021_analyze_new_tables_up_sql,
            down: PackageResources._021_analyze_new_tables_down_sql),
        Migration(
            22, "text_compression", up: PackageResources._022_text_compression_up_sql,
            down: PackageResources._022_text_compression_down_sql),
        Migration(
            23, "run_lifecycle", up: PackageResources._023_run_lifecycle_up_sql,
            down: PackageResources._023_run_lifecycle_down_sql),
        Migration(
            24, "own_draws", up: PackageResources._024_own_draws_up_sql,
            down: PackageResources._024_own_draws_down_sql),
        Migration(
            25, "own_rows", up: PackageResources._025_own_rows_up_sql,
            down: PackageResources._025_own_rows_down_sql),
        Migration(
            26, "candidate_pairs", up: PackageResources._026_candidate_pairs_up_sql,
            down: PackageResources._026_candidate_pairs_down_sql),
        Migration(
            27, "plain_tables", up: PackageResources._027_plain_tables_up_sql,
            down: PackageResources._027_plain_tables_down_sql),
        Migration(
            28, "few_locks", up: PackageResources._028_few_locks_up_sql,
            down: PackageResources._028_few_locks_down_sql),
        Migration(
            29, "bookkeeping", up: PackageResources._029_bookkeeping_up_sql,
            down: PackageResources._029_bookkeeping_down_sql),
        Migration(
            30, "writer_rights", up: PackageResources._030_writer_rights_up_sql,
            down: PackageResources._030_writer_rights_down_sql),
        Migration(
            31, "lease_key", up: PackageResources._031_lease_key_up_sql,
            down: PackageResources._031_lease_key_down_sql),
    ]
}
