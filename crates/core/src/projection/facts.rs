//! What the catalog says of an aggregate.

/// A combine or final function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupportFunction {
    /// Its name, quoted.
    pub name: String,
    /// It is not called with NULL.
    pub strict: bool,
    /// It can be called from SQL like any other function.
    pub callable: bool,
}

/// An aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The types of its arguments, as users write them.
    pub arguments: String,
    /// It as `regprocedure` reads it, qualified.
    pub signature: String,
    /// NULL of the type of its result, in the collation of its result.
    pub null_result: String,
    /// Its state is not a value of SQL.
    pub internal: bool,
    /// Such a state can be written down and read again.
    pub serialized: bool,
    /// What merges two states.
    pub combine: Option<SupportFunction>,
    /// What makes the result of a state, if that is not the state itself.
    pub finish: Option<SupportFunction>,
}
