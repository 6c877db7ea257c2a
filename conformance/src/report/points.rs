//! Points, exact to a thousandth.

use std::borrow::Cow;
use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Points, in thousandths, so that parts add up to the whole. In JSON they are numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Points(pub u64);

impl Points {
    /// So many whole points.
    pub const fn whole(points: u64) -> Points {
        Points(points * 1000)
    }

    /// Shares that add up to exactly these points: in proportion to `units`, where the first get what is left over.
    pub fn shared(self, units: &[u64]) -> Vec<Points> {
        let all: u64 = units.iter().sum();
        if all == 0 {
            return vec![Points(0); units.len()];
        }
        let mut shares: Vec<u64> = units.iter().map(|unit| self.0 * unit / all).collect();
        let left = self.0 - shares.iter().sum::<u64>();
        let takers = shares.iter_mut().zip(units).filter(|(_, unit)| **unit > 0);
        takers.take(left as usize).for_each(|(share, _)| *share += 1);
        shares.into_iter().map(Points).collect()
    }

    /// As much of these points as `part` is of `whole`, rounded down; nothing of nothing.
    pub fn in_proportion(self, part: Points, whole: Points) -> Points {
        Points(if whole.0 == 0 {
            0
        } else {
            (u128::from(self.0) * u128::from(part.0) / u128::from(whole.0)) as u64
        })
    }
}

/// Without zeros at the end: `12.5`.
impl fmt::Display for Points {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:03}", self.0 / 1000, self.0 % 1000);
        to.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Add for Points {
    type Output = Points;

    fn add(self, other: Points) -> Points {
        Points(self.0 + other.0)
    }
}

impl Sum for Points {
    fn sum<I: Iterator<Item = Points>>(points: I) -> Points {
        Points(points.map(|points| points.0).sum())
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1000) {
            to.serialize_u64(self.0 / 1000)
        } else {
            to.serialize_f64(self.0 as f64 / 1000.0)
        }
    }
}

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Points, D::Error> {
        f64::deserialize(from).map(|points| Points((points.max(0.0) * 1000.0).round() as u64))
    }
}

impl JsonSchema for Points {
    fn schema_name() -> Cow<'static, str> {
        "Points".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "description": "Points, with three decimal places at most." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        let shares = Points::whole(10).shared(&[1, 1, 0, 1]);
        assert_eq!(shares, [3334, 3333, 0, 3333].map(Points));
        assert_eq!(Points::whole(1).shared(&[]), []);
    }

    #[test]
    fn points_are_numbers() {
        for (points, text) in [(0, "0"), (12_500, "12.5"), (1, "0.001"), (100_000, "100"), (3334, "3.334")] {
            assert_eq!(Points(points).to_string(), text);
            assert_eq!(serde_json::to_string(&Points(points)).unwrap(), text);
            assert_eq!(serde_json::from_str::<Points>(text).unwrap(), Points(points));
        }
    }
}
