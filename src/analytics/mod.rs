//! What analysts call on the log itself. Each function reads its arguments, calls the
//! core and writes the result or the error; the SQL objects are declared in `sql/`.

mod percentile;
mod question;
mod session;
mod sketch;
mod timeline;
mod top_k;
mod window;
