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
