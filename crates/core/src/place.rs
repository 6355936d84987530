//! Where in a text of the user's an error is, in words.

/// The line and the character of a position, counted in characters from 1; `None` if it is
/// beyond the text.
#[must_use]
pub fn place(text: &str, position: usize) -> Option<String> {
    let (at, _) = text.char_indices().nth(position.checked_sub(1)?)?;
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let number = text[..at].matches('\n').count() + 1;
    let column = text[start..at].chars().count() + 1;
    Some(format!("At character {column} of line {number}: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_counted_in_characters_and_lines() {
        let text = "\n  SELECT 'ä' AS a, b\n  FROM events";
        let second = "At character 20 of line 2:   SELECT 'ä' AS a, b";
        assert_eq!(place(text, 21).as_deref(), Some(second));
        assert_eq!(
            place(text, 23).as_deref(),
            Some("At character 1 of line 3:   FROM events")
        );
        assert_eq!(
            place("x", 1).as_deref(),
            Some("At character 1 of line 1: x")
        );
        for beyond in [0, 2, usize::MAX] {
            assert_eq!(place("x", beyond), None);
        }
    }
}
