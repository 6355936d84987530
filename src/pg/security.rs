//! Acting as somebody else, and with the settings of another moment.

use super::encoding::{c_string, string};
use pgrx::pg_sys::{self, Oid};
use std::ffi::CStr;

/// The role that a cluster is made with. Only for commands that run no code of users.
pub const SUPERUSER: Oid = Oid::from_u32(pg_sys::BOOTSTRAP_SUPERUSERID);

/// Nobody else's objects are found without their schema.
pub const ONLY_BUILT_IN: [(&str, &str); 1] = [("search_path", "pg_catalog, pg_temp")];

/// Acts as a role until dropped.
///
/// [`ActingAs::new`]: what runs meanwhile can neither change roles nor leave anything
/// behind in the session, so it cannot use the rights of whoever called.
pub struct ActingAs {
    user: Oid,
    context: i32,
}

impl ActingAs {
    /// Begins to act as `role`.
    pub fn new(role: Oid) -> Self {
        Self::within(
            role,
            pg_sys::SECURITY_LOCAL_USERID_CHANGE | pg_sys::SECURITY_RESTRICTED_OPERATION,
        )
    }

    /// Begins to act as `role` as a function with SECURITY DEFINER does: what runs
    /// meanwhile cannot change roles, but leaves its deferred triggers to the end of
    /// the transaction, where they run as whoever has begun it.
    pub fn definer(role: Oid) -> Self {
        Self::within(role, pg_sys::SECURITY_LOCAL_USERID_CHANGE)
    }

    fn within(role: Oid, restriction: u32) -> Self {
        let mut guard = Self {
            user: Oid::INVALID,
            context: 0,
        };
        // SAFETY: plain accessors of backend state; an abort restores it too.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&mut guard.user, &mut guard.context);
            pg_sys::SetUserIdAndSecContext(role, guard.context | restriction as i32);
        }
        guard
    }
}

impl Drop for ActingAs {
    fn drop(&mut self) {
        // SAFETY: puts back what `new` found.
        unsafe { pg_sys::SetUserIdAndSecContext(self.user, self.context) }
    }
}

/// Settings that hold until dropped.
pub struct Settings(i32);

impl Settings {
    /// Sets `(name, value)` pairs; those that are so already cost nothing.
    pub fn pin<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        // SAFETY: the nest level is left in `drop`, or by the abort.
        let guard = Self(unsafe { pg_sys::NewGUCNestLevel() });
        for (name, value) in pairs {
            let (name, value) = (c_string(name), c_string(value));
            // SAFETY: both strings end in NUL and are copied by the callee.
            unsafe {
                let now = pg_sys::GetConfigOption(name.as_ptr(), true, false);
                if !now.is_null() && CStr::from_ptr(now) == value.as_c_str() {
                    continue;
                }
                pg_sys::set_config_option(
                    name.as_ptr(),
                    value.as_ptr(),
                    pg_sys::GucContext::PGC_USERSET,
                    pg_sys::GucSource::PGC_S_SESSION,
                    pg_sys::GucAction::GUC_ACTION_SAVE,
                    true,
                    0,
                    false,
                );
            }
        }
        guard
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        // While an error unwinds, the abort restores them.
        if !std::thread::panicking() {
            // SAFETY: the level that `pin` opened. Rolled back, so that what a
            // function of the projection has set meanwhile goes too.
            unsafe { pg_sys::AtEOXact_GUC(false, self.0) }
        }
    }
}

/// The current value of a setting.
pub fn setting(name: &str) -> String {
    let name = c_string(name);
    // SAFETY: the result is read before anything can change it.
    unsafe {
        let value = pg_sys::GetConfigOption(name.as_ptr(), true, false);
        if value.is_null() {
            String::new()
        } else {
            string(value)
        }
    }
}

/// Who is acting.
pub fn current_user() -> Oid {
    // SAFETY: a plain accessor.
    unsafe { pg_sys::GetUserId() }
}

/// Whether somebody acts for somebody else, as [`ActingAs`] does.
pub fn is_restricted() -> bool {
    // SAFETY: a plain accessor.
    unsafe { pg_sys::InSecurityRestrictedOperation() }
}

/// Whether the acting role has the rights of `owner`.
pub fn has_rights_of(owner: Oid) -> bool {
    // SAFETY: reads catalogs inside a transaction.
    unsafe { pg_sys::has_privs_of_role(current_user(), owner) }
}

/// Acting as the owner of the extension's own data, with a search path that
/// nobody else can put anything into.
pub struct Platform {
    _settings: Settings,
    _role: ActingAs,
}

impl Platform {
    /// Begins.
    pub fn act() -> Self {
        Self {
            _role: ActingAs::new(platform_owner()),
            _settings: Settings::pin(ONLY_BUILT_IN),
        }
    }
}

/// The owner of schema `pganalytics_data`.
fn platform_owner() -> Oid {
    // SAFETY: a syscache tuple of pg_namespace begins with its fixed columns and
    // is released after the copy.
    unsafe {
        let schema = pg_sys::get_namespace_oid(c"pganalytics_data".as_ptr(), false);
        let tuple = pg_sys::SearchSysCache1(
            pg_sys::SysCacheIdentifier::NAMESPACEOID as i32,
            pg_sys::Datum::from(schema),
        );
        if tuple.is_null() {
            pgrx::error!("schema pganalytics_data vanished");
        }
        let header = (*tuple).t_data;
        let row = header
            .cast::<u8>()
            .add(usize::from((*header).t_hoff))
            .cast::<pg_sys::FormData_pg_namespace>();
        let owner = (*row).nspowner;
        pg_sys::ReleaseSysCache(tuple);
        owner
    }
}

/// A role's name.
pub fn role_name(role: Oid) -> String {
    // SAFETY: the name is copied.
    unsafe { string(pg_sys::GetUserNameFromId(role, false)) }
}

/// A role's name as SQL.
pub fn role_sql(role: Oid) -> String {
    pganalytics_core::sql::ident(&role_name(role))
}

/// Raises PostgreSQL's own error in a transaction that must not write.
pub fn require_writable() {
    // SAFETY: reads variables of the backend; the name ends in NUL.
    unsafe { pg_sys::PreventCommandIfReadOnly(c"append()".as_ptr()) }
}

/// Raises PostgreSQL's own error unless the acting role may insert into some
/// column of a relation.
pub fn require_insert(relation: Oid) {
    require_on_any_column(relation, pg_sys::ACL_INSERT);
}

/// The same for reading.
pub fn require_select(relation: Oid) {
    require_on_any_column(relation, pg_sys::ACL_SELECT);
}

fn require_on_any_column(relation: Oid, mode: u32) {
    if may_on_any_column(relation, mode) {
        return;
    }
    // SAFETY: the name is palloc'd, or null if the relation is gone.
    unsafe {
        pg_sys::aclcheck_error(
            pg_sys::AclResult::ACLCHECK_NO_PRIV,
            pg_sys::get_relkind_objtype(pg_sys::get_rel_relkind(relation)),
            pg_sys::get_rel_name(relation),
        );
    }
}

/// Raises PostgreSQL's own error unless a role may execute an aggregate.
pub fn require_execute(aggregate: Oid, role: Oid) {
    require_execute_of(aggregate, role, pg_sys::ObjectType::OBJECT_AGGREGATE);
}

/// The same for a function of any kind.
pub(super) fn require_execute_of(function: Oid, role: Oid, kind: pg_sys::ObjectType::Type) {
    // SAFETY: reads the catalog; a function that is gone raises an error.
    unsafe {
        let mode = pg_sys::AclMode::from(pg_sys::ACL_EXECUTE);
        #[cfg(feature = "pg15")]
        let result = pg_sys::pg_proc_aclcheck(function, role, mode);
        #[cfg(not(feature = "pg15"))]
        let result = pg_sys::object_aclcheck(pg_sys::ProcedureRelationId, function, role, mode);
        if result != pg_sys::AclResult::ACLCHECK_OK {
            pg_sys::aclcheck_error(result, kind, pg_sys::get_func_name(function));
        }
    }
}

/// Whether the acting role may read some column of a relation.
pub fn may_read_any_column(relation: Oid) -> bool {
    may_on_any_column(relation, pg_sys::ACL_SELECT)
}

fn may_on_any_column(relation: Oid, mode: u32) -> bool {
    let (user, mode) = (current_user(), pg_sys::AclMode::from(mode));
    // SAFETY: reads the catalog; a relation that is gone raises an error.
    unsafe {
        pg_sys::pg_class_aclcheck(relation, user, mode) == pg_sys::AclResult::ACLCHECK_OK
            || pg_sys::pg_attribute_aclcheck_all(
                relation,
                user,
                mode,
                pg_sys::AclMaskHow::ACLMASK_ANY,
            ) == pg_sys::AclResult::ACLCHECK_OK
    }
}
