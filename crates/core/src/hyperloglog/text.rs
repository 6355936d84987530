//! The text form: the version in decimal, a colon, and the binary form in base64.
//! The version is the first byte of the binary form, repeated for the reader.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::SketchError;

pub(super) fn print(bytes: &[u8]) -> String {
    let version = bytes.first().copied().unwrap_or_default();
    format!("{version}:{}", STANDARD.encode(bytes))
}

pub(super) fn parse(text: &str) -> Result<Vec<u8>, SketchError> {
    let (version, body) = text.trim().split_once(':').ok_or(SketchError::Syntax)?;
    let version: u8 = version.parse().map_err(|_| SketchError::Syntax)?;
    let bytes = STANDARD.decode(body).map_err(|_| SketchError::Syntax)?;
    if bytes.first() == Some(&version) {
        Ok(bytes)
    } else {
        Err(SketchError::Syntax)
    }
}
