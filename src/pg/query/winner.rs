//! `first` and `last` in a query, and the parts they are kept as.

use crate::pg::Oid;
use crate::pg::security::{ONLY_BUILT_IN, Settings};
use crate::pg::spi::{self, Arg, Under};
use crate::pg::tree::{Expr, elements, ordering};
use pganalytics_core::projection::{Held, Side};
use pgrx::pg_sys;

impl Expr {
    pub(super) fn call(&self) -> &pg_sys::Aggref {
        // SAFETY: these are called on what `aggregates` returns, nodes of this type only.
        unsafe { &*self.0.cast::<pg_sys::Aggref>() }
    }

    /// The argument of an aggregate at this place, from 0.
    pub fn argument(self, place: usize) -> Option<Self> {
        // SAFETY: the arguments of an aggregate are target entries.
        unsafe {
            let arguments = elements::<pg_sys::TargetEntry>(self.call().args);
            arguments
                .get(place)
                .map(|entry| Self((**entry).expr.cast()))
        }
    }

    /// The type of what a call of `first` or `last` orders by.
    fn by_type(self) -> Oid {
        let by = self.argument(1);
        // SAFETY: reads the tree.
        by.map_or(Oid::INVALID, |by| unsafe { pg_sys::exprType(by.0) })
    }

    /// Whether a call of `first` or `last` orders by rows of no table's type.
    pub fn orders_by_row(self) -> bool {
        self.by_type() == pg_sys::RECORDOID
    }

    /// Whether a call of `first` or `last` has a collation if it needs one.
    pub fn orders_by_known_collation(self) -> bool {
        // SAFETY: reads the catalog.
        self.call().inputcollid != Oid::INVALID
            || unsafe { !pg_sys::type_is_collatable(self.by_type()) }
    }

    /// The operator by which the winner's `by` stands to that of others, qualified.
    pub fn winning_operator(self, side: Side) -> String {
        let (less, greater) = ordering(self.by_type());
        let operator = match side {
            Side::First => less,
            Side::Last => greater,
        };
        let _path = Settings::pin(ONLY_BUILT_IN);
        let rows = spi::run(
            "SELECT quote_ident(n.nspname) || '.' || o.oprname FROM pg_operator o \
             JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid = $1",
            vec![Arg::Oid(operator)],
            Under::Active,
        );
        rows[0].known(0).into()
    }

    /// Whether two calls of `first` (or of `last`) find the same row in every group.
    pub fn picks_the_same_rows(self, other: Self) -> bool {
        let (left, right) = (self.call(), other.call());
        let same_by = match (self.argument(1), other.argument(1)) {
            (Some(left), Some(right)) => left.same(right),
            _ => false,
        };
        // SAFETY: compares two trees, of which either may be null.
        let same_filter = unsafe { pg_sys::equal(left.aggfilter.cast(), right.aggfilter.cast()) };
        // SAFETY: reads the catalog.
        let same_order = left.inputcollid == right.inputcollid
            || unsafe { !pg_sys::type_is_collatable(self.by_type()) };
        same_by && same_filter && same_order
    }

    /// A column of the row that a call of `first` or `last` finds, rows with the same
    /// `by` told apart by `position`.
    pub fn winner_part(self, side: Side, held: Held, position: Self) -> Self {
        let signature = format!("{}(anyelement,anycompatible,bigint)", side.aggregate(held));
        let _path = Settings::pin(ONLY_BUILT_IN);
        let row = &spi::run(
            "SELECT $1::regprocedure::oid",
            vec![Arg::Text(&signature)],
            Under::Active,
        )[0];
        // SAFETY: edits a copy; the arguments of an aggregate are target entries.
        unsafe {
            let copy: *mut pg_sys::Aggref = pg_sys::copyObjectImpl(self.0.cast()).cast();
            (*copy).aggfnoid = row.oid(0);
            if pg_sys::list_length((*copy).args) == 2 {
                let third =
                    pg_sys::makeTargetEntry(position.0.cast(), 3, std::ptr::null_mut(), false);
                (*copy).args = pg_sys::lappend((*copy).args, third.cast());
                (*copy).aggargtypes = pg_sys::lappend_oid((*copy).aggargtypes, pg_sys::INT8OID);
            }
            (*copy).aggtype = match held {
                Held::Value => (*copy).aggtype,
                Held::By => self.by_type(),
                Held::Position => pg_sys::INT8OID,
            };
            (*copy).aggcollid = if pg_sys::type_is_collatable((*copy).aggtype) {
                (*copy).inputcollid
            } else {
                Oid::INVALID
            };
            Self(copy.cast())
        }
    }
}
