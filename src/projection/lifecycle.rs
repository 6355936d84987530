//! Pause, resume and drop.

use crate::catalog::names::sql_name;
use crate::catalog::projections::Projection;
use crate::pg::error::OrRaise;
use crate::pg::spi;
use crate::worker;
use pgrx::prelude::*;

/// Nothing is lost meanwhile: the tail grows, and reads are exact.
#[pg_extern(sql = false)]
fn pause_projection(name: &str) -> bool {
    Projection::owned(name).or_raise().pause(true)
}

#[pg_extern(sql = false)]
fn resume_projection(name: &str) -> bool {
    let resumed = Projection::owned(name).or_raise().pause(false);
    worker::start_after_commit();
    resumed
}

#[pg_extern(sql = false)]
fn drop_projection(name: &str) {
    let projection = Projection::owned(name).or_raise();
    projection.lock();
    spi::execute(&format!("DROP VIEW {}", sql_name(projection.relation)));
    projection.remove();
}
