//! `anomaly_score`: the same question as `z_score`, asked so that outliers among the others
//! do not hide one another: 0.6745 (x - median) / MAD, where MAD is the median of how far
//! the others are from their median (Iglewicz and Hoaglin 1993, who call 3.5 an outlier).
//! The factor makes it a z-score where values are distributed normally.
//!
//! Where more than half of the others are the same, MAD is 0. Then their mean distance from
//! the median takes its place: (x - median) / (1.253314 mean distance), as statistics
//! packages have it. If that is 0, too, all are the same: 0 for a value that equals them,
//! infinity for any other. The rest is as for `z_score`.

use super::{Float, Score, SeriesError, in_units};

/// What makes a median distance a standard deviation, and a mean distance.
const OF_MEDIAN: f64 = 0.6745;
const OF_MEAN: f64 = 1.253_314;

/// By median and median distance.
#[derive(Debug, Default)]
pub struct AnomalyScore {
    newest: Option<Float>,
    /// In order: a row costs moving what lies behind it.
    others: Vec<Float>,
}

impl Score for AnomalyScore {
    fn push(&mut self, value: Option<f64>) {
        let next = value.map(Float::from);
        if let Some(value) = std::mem::replace(&mut self.newest, next) {
            let place = self.others.partition_point(|other| *other < value);
            self.others.insert(place, value);
        }
    }

    fn pop(&mut self, value: Option<f64>) {
        let Some(value) = value.map(Float::from) else {
            return;
        };
        match self.others.binary_search(&value) {
            Ok(place) => _ = self.others.remove(place),
            Err(_) => self.newest = None,
        }
    }

    fn score(&self) -> Result<Option<f64>, SeriesError> {
        let [least, .., greatest] = self.others[..] else {
            return Ok(None);
        };
        let Some(newest) = self.newest.map(Float::get) else {
            return Ok(None);
        };
        if !least.get().is_finite() || !greatest.get().is_finite() {
            return Ok(Some(f64::NAN));
        }
        let count = self.others.len();
        let median = f64::midpoint(
            self.others[(count - 1) / 2].get(),
            self.others[count / 2].get(),
        );
        let distance = f64::midpoint(
            self.distance(median, count.div_ceil(2)),
            self.distance(median, count / 2 + 1),
        );
        let unit = if distance > 0.0 {
            distance / OF_MEDIAN
        } else {
            let sum: f64 = self.others.iter().map(|x| (x.get() - median).abs()).sum();
            #[expect(clippy::cast_precision_loss, reason = "a double has 15 digits")]
            let mean = sum / count as f64;
            mean * OF_MEAN
        };
        if !unit.is_finite() {
            return Err(SeriesError::Overflow);
        }
        in_units(newest - median, unit, newest).map(Some)
    }
}

impl AnomalyScore {
    /// How far the `nth` nearest of the others is from the median. The nearest lie
    /// together in order: what is sought is where they begin.
    fn distance(&self, median: f64, nth: usize) -> f64 {
        let at = |place: usize| self.others[place].get();
        let (mut low, mut high) = (0, self.others.len() - nth);
        while low < high {
            let middle = usize::midpoint(low, high);
            if median - at(middle) > at(middle + nth) - median {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        (median - at(low)).max(at(low + nth - 1) - median)
    }
}
