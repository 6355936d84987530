//! Projections and their generations.
