//! What analysts call on the log itself. Each function reads its arguments, calls the
//! core and writes the result or the error; the SQL objects are declared in `sql/`.

mod chart;
mod fill;
mod funnel;
mod paths;
mod percentile;
mod question;
mod retention;
mod sequence;
mod series;
mod session;
mod sketch;
mod timeline;
mod top_k;
mod window;
