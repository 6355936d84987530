//! Expressions that callers write in SQL, to be put into a query of ours.

use super::elements;
use crate::pg::encoding::c_string;
use pgrx::pg_sys;
use std::ffi::CString;

/// Whether `text` is exactly one expression, whatever may be written around it (a syntax
/// error is raised as such).
pub fn is_one_expression(text: &str) -> bool {
    // The line end closes a comment at the end of the text.
    let bare = c_string(&format!("SELECT {text}\n"));
    let select = c_string(&format!("SELECT ({text}\n)"));
    // SAFETY: the parser returns a list of raw statements, with nodes as their tags say.
    unsafe {
        let parse = |text: &CString| {
            pg_sys::raw_parser(text.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT)
        };
        let list = parse(&select);
        let [statement] = elements::<pg_sys::RawStmt>(list)[..] else {
            return false;
        };
        let node = (*statement).stmt;
        if (*node).type_ != pg_sys::NodeTag::T_SelectStmt {
            return false;
        }
        let select = &*node.cast::<pg_sys::SelectStmt>();
        let clauses = [
            select.distinctClause,
            select.fromClause,
            select.groupClause,
            select.windowClause,
            select.valuesLists,
            select.sortClause,
            select.lockingClause,
        ];
        let nodes = [
            select.whereClause,
            select.havingClause,
            select.limitOffset,
            select.limitCount,
        ];
        let is_one = select.op == pg_sys::SetOperation::SETOP_NONE
            && elements::<pg_sys::Node>(select.targetList).len() == 1
            && clauses.iter().all(|clause| clause.is_null())
            && nodes.iter().all(|node| node.is_null())
            && select.intoClause.is_null()
            && select.withClause.is_null();
        if is_one {
            // Parentheses that close ours, `a) OR (b`, are an error without them.
            parse(&bare);
        }
        is_one
    }
}
