//! DISTINCT in aggregates: what is distinct, and the same call over a table expression
//! that has each value once, as columns `v1`, `v2` … before the keys `k1`, `k2` …

use super::{Query, deparse, pstring, select_from};
use crate::pg::Oid;
use crate::pg::encoding::string;
use crate::pg::tree::{Expr, column, elements, less_than};
use pgrx::pg_sys;

/// `ROW(…)`, whose type is no table's.
fn anonymous_row(expr: Expr) -> Option<*mut pg_sys::RowExpr> {
    // SAFETY: the tag tells the type of a node.
    unsafe {
        let row = expr.0.cast::<pg_sys::RowExpr>();
        ((*expr.0).type_ == pg_sys::NodeTag::T_RowExpr && (*row).row_typeid == pg_sys::RECORDOID)
            .then_some(row)
    }
}

impl Expr {
    /// The arguments of an aggregate.
    pub fn arguments(self) -> Vec<Self> {
        (0..).map_while(|place| self.argument(place)).collect()
    }

    /// FILTER of an aggregate.
    pub fn aggregate_filter(self) -> Option<Self> {
        let filter = self.call().aggfilter;
        (!filter.is_null()).then_some(Self(filter.cast()))
    }

    /// Its values as columns of a table: a row that has no type of its own has one for
    /// each field.
    pub fn as_columns(self) -> Vec<Self> {
        match anonymous_row(self) {
            // SAFETY: the fields of a row are expressions.
            Some(row) => unsafe { elements((*row).args) }
                .into_iter()
                .map(Self)
                .collect(),
            None => vec![self],
        }
    }

    /// Whether an aggregate with DISTINCT takes its values in the order of their type,
    /// as it does without ORDER BY.
    pub(super) fn takes_values_in_order(self) -> bool {
        let call = self.call();
        // SAFETY: the arguments are target entries, which sort clauses refer to.
        unsafe {
            let order = elements::<pg_sys::SortGroupClause>(call.aggorder);
            let arguments = elements::<pg_sys::TargetEntry>(call.args);
            let (Some(clause), Some(first)) = (order.first(), arguments.first()) else {
                return true;
            };
            !call.aggdistinct.is_null()
                && (**clause).tleSortGroupRef == (**first).ressortgroupref
                && (**clause).sortop == less_than(pg_sys::exprType((**first).expr.cast()))
                && !(**clause).nulls_first
        }
    }

    /// The aggregate without DISTINCT and ORDER BY.
    pub fn of_all(self) -> Self {
        // SAFETY: edits a copy; the arguments of an aggregate are target entries.
        unsafe {
            let copy: *mut pg_sys::Aggref = pg_sys::copyObjectImpl(self.0.cast()).cast();
            (*copy).aggdistinct = std::ptr::null_mut();
            (*copy).aggorder = std::ptr::null_mut();
            for argument in elements::<pg_sys::TargetEntry>((*copy).args) {
                (*argument).ressortgroupref = 0;
            }
            Self(copy.cast())
        }
    }

    /// The aggregate over columns `v1` … in place of its arguments, without DISTINCT,
    /// ORDER BY and FILTER.
    pub fn over_values(self) -> Self {
        let copy = self.of_all();
        // SAFETY: edits the copy.
        unsafe {
            let call = copy.0.cast::<pg_sys::Aggref>();
            (*call).aggfilter = std::ptr::null_mut();
            let mut place = 0;
            let mut next = |expr| {
                place += 1;
                column(place - 1, expr).0
            };
            for argument in elements::<pg_sys::TargetEntry>((*call).args) {
                let expr = Self((*argument).expr.cast());
                if let Some(row) = anonymous_row(expr) {
                    let mut fields = std::ptr::null_mut();
                    for field in expr.as_columns() {
                        fields = pg_sys::lappend(fields, next(field).cast());
                    }
                    (*row).args = fields;
                } else {
                    (*argument).expr = next(expr).cast();
                }
            }
        }
        copy
    }

    /// `array_agg(v1)`, where that is what this aggregate was called with.
    pub fn collected(self) -> Self {
        let call = self.over_values();
        // SAFETY: edits the copy; an aggregate that is collected has an argument.
        unsafe {
            let copy = call.0.cast::<pg_sys::Aggref>();
            let first = elements::<pg_sys::TargetEntry>((*copy).args)[0];
            let of_type = pg_sys::exprType((*first).expr.cast());
            (*copy).aggfnoid = Oid::from(pg_sys::F_ARRAY_AGG_ANYNONARRAY);
            (*copy).aggtype = pg_sys::get_array_type(of_type);
            (*copy).inputcollid = pg_sys::exprCollation((*first).expr.cast());
            (*copy).aggcollid = (*copy).inputcollid;
            (*copy).args = pg_sys::lappend(std::ptr::null_mut(), first.cast());
            (*copy).aggargtypes = pg_sys::lappend_oid(std::ptr::null_mut(), of_type);
        }
        call
    }

    /// Whether its values are neither arrays nor rows, and there is an array of them.
    pub fn is_an_element(self) -> bool {
        // SAFETY: reads the catalog.
        unsafe {
            let of_type = pg_sys::getBaseType(pg_sys::exprType(self.0));
            pg_sys::get_element_type(of_type) == Oid::INVALID
                && !pg_sys::type_is_rowtype(of_type)
                && pg_sys::get_array_type(pg_sys::exprType(self.0)) != Oid::INVALID
        }
    }

    /// The text of a constant; `None` if it is none. NULL is `Some(None)`.
    pub fn constant(self) -> Option<Option<String>> {
        // SAFETY: the tag tells the type of a node; an output function returns a C string.
        unsafe {
            if (*self.0).type_ != pg_sys::NodeTag::T_Const {
                return None;
            }
            let value = &*self.0.cast::<pg_sys::Const>();
            if value.constisnull {
                return Some(None);
            }
            let (mut output, mut is_varlena) = (Oid::INVALID, false);
            pg_sys::getTypeOutputInfo(value.consttype, &mut output, &mut is_varlena);
            let text = pg_sys::OidOutputFunctionCall(output, value.constvalue);
            Some(Some(string(text)))
        }
    }
}

impl Query {
    /// The text of `SELECT keys, parts FROM table GROUP BY keys`, where `table` has a
    /// value in each row; or, not `keyed`, of the parts over none of them.
    pub fn aggregated(&self, table: &str, values: usize, parts: &[Expr], keyed: bool) -> String {
        let keys = self.key_entries();
        let mut columns: Vec<_> = (1..=values).map(|i| format!("v{i}")).collect();
        columns.extend((1..=keys.len()).map(|i| format!("k{i}")));
        // SAFETY: makes a query of its own in the current context.
        unsafe {
            let query = select_from(table, &columns);
            let mut targets = std::ptr::null_mut();
            let mut push = |expr: *mut pg_sys::Node, group: u32| {
                let place = pg_sys::list_length(targets) as i16 + 1;
                let entry = pg_sys::makeTargetEntry(expr.cast(), place, pstring("x"), false);
                (*entry).ressortgroupref = group;
                targets = pg_sys::lappend(targets, entry.cast());
            };
            if keyed {
                for (i, key) in keys.iter().enumerate() {
                    let column = column(values + i, Expr((**key).expr.cast())).0;
                    push(column, (**key).ressortgroupref);
                }
                (*query).groupClause = pg_sys::copyObjectImpl((*self.0).groupClause.cast()).cast();
            } else {
                (*(*query).jointree).quals = pg_sys::makeBoolConst(false, false);
            }
            for part in parts {
                push(part.0, 0);
            }
            (*query).targetList = targets;
            (*query).hasAggs = true;
            deparse(query)
        }
    }
}
