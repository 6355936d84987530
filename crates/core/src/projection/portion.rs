//! Portions of the events of a source: those at some positions, or where they lie in
//! the tables, which finds them without an index.

/// Narrows what [`super::source_sql`] selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Portion {
    /// The events at these positions.
    At(Vec<i64>),
    /// All but those.
    Without(Vec<i64>),
    /// Those in these pages of a segment, the last one not included.
    Pages {
        /// The number of the segment.
        segment: i32,
        /// The first page.
        first: u64,
        /// The page after the last.
        end: u64,
    },
    /// Those at these positions, which lie in one page of a segment.
    InPage {
        /// The number of the segment.
        segment: i32,
        /// The page.
        page: u64,
        /// The positions.
        positions: Vec<i64>,
    },
}

impl Portion {
    /// As an SQL condition on columns of `alias`.
    #[must_use]
    pub fn condition(&self, alias: &str) -> String {
        let position = format!("{alias}.\"position\"");
        match self {
            Self::At(positions) => format!("{position} {}", any(positions)),
            Self::Without(positions) => format!(
                "{position} OPERATOR(pg_catalog.<>) ALL ({})",
                array(positions)
            ),
            Self::Pages {
                segment,
                first,
                end,
            } => pages(alias, *segment, *first, *end),
            Self::InPage {
                segment,
                page,
                positions,
            } => format!(
                "{} AND {position} {}",
                pages(alias, *segment, *page, page + 1),
                any(positions)
            ),
        }
    }

    /// The segment and position of the event, if it is told by where it lies and the
    /// only one.
    #[must_use]
    pub fn event(&self) -> Option<(i32, i64)> {
        match self {
            Self::InPage {
                segment, positions, ..
            } if positions.len() == 1 => Some((*segment, positions[0])),
            _ => None,
        }
    }

    /// Both halves; none if it is one event, or is not told by where it lies.
    /// `positions` looks up the events of a page.
    #[must_use]
    pub fn halves(&self, positions: impl FnOnce(&Self) -> Vec<i64>) -> Vec<Self> {
        match self {
            Self::Pages {
                segment,
                first,
                end,
            } if end - first > 1 => {
                let middle = first.midpoint(*end);
                let half = |first, end| Self::Pages {
                    segment: *segment,
                    first,
                    end,
                };
                vec![half(*first, middle), half(middle, *end)]
            }
            Self::Pages { segment, first, .. } => {
                let positions = positions(self);
                in_halves(&positions, *segment, *first)
            }
            Self::InPage {
                segment,
                page,
                positions,
            } if positions.len() > 1 => in_halves(positions, *segment, *page),
            _ => vec![],
        }
    }
}

fn in_halves(positions: &[i64], segment: i32, page: u64) -> Vec<Portion> {
    positions
        .chunks(positions.len().div_ceil(2).max(1))
        .map(|half| Portion::InPage {
            segment,
            page,
            positions: half.to_vec(),
        })
        .collect()
}

fn array(positions: &[i64]) -> String {
    let list: Vec<_> = positions.iter().map(i64::to_string).collect();
    format!("'{{{}}}'::pg_catalog.int8[]", list.join(","))
}

fn any(positions: &[i64]) -> String {
    format!("OPERATOR(pg_catalog.=) ANY ({})", array(positions))
}

fn pages(alias: &str, segment: i32, first: u64, end: u64) -> String {
    format!(
        "{alias}.segment OPERATOR(pg_catalog.=) {segment} \
         AND {alias}.ctid OPERATOR(pg_catalog.>=) '({first},0)'::pg_catalog.tid \
         AND {alias}.ctid OPERATOR(pg_catalog.<) '({end},0)'::pg_catalog.tid"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::search;
    use proptest::prelude::*;

    proptest! {
        /// However many events lie in how many pages, those that fail are found.
        #[test]
        fn halves_end_at_single_events(
            sizes in prop::collection::vec(0i64..12, 1..40),
            bad in prop::collection::btree_set(0i64..200, 0..20),
        ) {
            let mut next = 0;
            let pages: Vec<Vec<i64>> = sizes
                .iter()
                .map(|size| { next += size; (next - size..next).collect() })
                .collect();
            let events = |portion: &Portion| -> Vec<i64> {
                match portion {
                    Portion::Pages { first, end, .. } => pages[*first as usize..*end as usize].concat(),
                    Portion::InPage { positions, page, .. } => {
                        assert!(positions.iter().all(|p| pages[*page as usize].contains(p)));
                        positions.clone()
                    }
                    Portion::At(_) | Portion::Without(_) => unreachable!(),
                }
            };
            let mut found = vec![];
            let all = Portion::Pages { segment: 1, first: 0, end: pages.len() as u64 };
            search(
                vec![all],
                |portion| Ok::<_, ()>(events(portion).iter().any(|p| bad.contains(p)).then_some(())),
                |portion| portion.halves(events),
                |portion, ()| { found.extend(portion.event().map(|(_, position)| position)); Ok(()) },
            ).unwrap();
            let expected: Vec<_> = bad.iter().copied().filter(|p| *p < next).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn conditions_hold_constants() {
        assert_eq!(
            Portion::Without(vec![1, 2]).condition("e"),
            "e.\"position\" OPERATOR(pg_catalog.<>) ALL ('{1,2}'::pg_catalog.int8[])"
        );
        assert_eq!(Portion::At(vec![7]).halves(|_| vec![]), vec![]);
        assert_eq!(Portion::At(vec![7]).event(), None);
    }
}
