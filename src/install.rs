//! The SQL that `CREATE EXTENSION` runs, and what each file needs before it.

use pgrx::prelude::*;

extension_sql_file!("../sql/01_schemas.sql", name = "schemas", bootstrap);
extension_sql_file!(
    "../sql/02_catalog.sql",
    name = "catalog",
    requires = ["schemas"]
);
extension_sql_file!("../sql/10_log.sql", name = "log", requires = ["catalog"]);
extension_sql_file!("../sql/12_append.sql", name = "append", requires = ["log"]);
extension_sql_file!(
    "../sql/11_segments.sql",
    name = "segments",
    requires = ["log"]
);
extension_sql_file!(
    "../sql/13_watermarks.sql",
    name = "watermarks",
    requires = ["log"]
);
extension_sql_file!("../sql/12_ddl.sql", name = "ddl", requires = ["log"]);
extension_sql_file!(
    "../sql/20_projection.sql",
    name = "projection",
    requires = ["log"]
);
extension_sql_file!(
    "../sql/21_dead_letters.sql",
    name = "dead_letters",
    requires = ["projection"]
);
extension_sql_file!(
    "../sql/21_states.sql",
    name = "states",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/30_worker.sql",
    name = "worker",
    requires = ["schemas"]
);

extension_sql_file!(
    "../sql/40_windows.sql",
    name = "windows",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/41_sessions.sql",
    name = "sessions",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/42_calendars.sql",
    name = "calendars",
    requires = ["windows"]
);
extension_sql_file!(
    "../sql/43_sessionize.sql",
    name = "sessionize",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/44_fill_gaps.sql",
    name = "fill_gaps",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/50_sketches.sql",
    name = "sketches",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/51_latest.sql",
    name = "latest",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/52_quantiles.sql",
    name = "quantiles",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/53_top_k.sql",
    name = "top_k",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/60_timelines.sql",
    name = "timelines",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/70_series.sql",
    name = "series",
    requires = ["timelines"]
);
extension_sql_file!(
    "../sql/71_charts.sql",
    name = "charts",
    requires = ["schemas"]
);
extension_sql_file!(
    "../sql/61_funnels.sql",
    name = "funnels",
    requires = ["timelines", "latest", "log"]
);
extension_sql_file!(
    "../sql/62_sequences.sql",
    name = "sequences",
    requires = ["timelines"]
);
extension_sql_file!(
    "../sql/62_paths.sql",
    name = "paths",
    requires = ["sessions"]
);
extension_sql_file!(
    "../sql/63_retention.sql",
    name = "retention",
    requires = ["schemas"]
);
