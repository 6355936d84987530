//! Pause, resume and drop.

use super::create::catch_up;
use super::inline;
use crate::catalog::names::sql_name;
use crate::catalog::projections::Projection;
use crate::pg::encoding::Text;
use crate::pg::error::OrRaise;
use crate::pg::spi;
use crate::worker;
use pganalytics_core::error::Error;
use pgrx::prelude::*;

/// Nothing is lost meanwhile: the tail grows, and reads are exact.
#[pg_extern(sql = false)]
fn pause_projection(name: Text) -> bool {
    pause(&name).or_raise()
}

#[pg_extern(sql = false)]
fn resume_projection(name: Text) -> bool {
    let resumed = resume(&name).or_raise();
    worker::start_after_commit();
    resumed
}

/// An inline one is folded by the worker then, and when it is resumed.
fn pause(name: &str) -> Result<bool, Error> {
    let projection = Projection::locked(name)?;
    inline::giving_way(|| inline::end(&projection))?;
    Ok(projection.pause(true))
}

/// One that is to be inline is, once it has caught up.
fn resume(name: &str) -> Result<bool, Error> {
    let projection = Projection::locked(name)?;
    let resumed = projection.pause(false);
    if resumed && projection.wants_inline() && catch_up(&projection)? {
        inline::giving_way(|| inline::begin(&projection))?;
    }
    Ok(resumed)
}

#[pg_extern(sql = false)]
fn drop_projection(name: Text) {
    drop_named(&name).or_raise();
}

fn drop_named(name: &str) -> Result<(), Error> {
    let projection = Projection::locked(name)?;
    let drop = || {
        spi::execute(&format!("DROP VIEW {}", sql_name(projection.relation)));
        projection.remove();
    };
    if !projection.is_inline() {
        drop();
        return Ok(());
    }
    inline::giving_way(|| {
        // Those who append have its state before its checkpoint; other folds lock the
        // checkpoint first, as is done by removing it.
        inline::lock_state(&projection);
        drop();
        Ok(())
    })
}
