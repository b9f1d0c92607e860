//! How long requests for help took until somebody was told and until somebody had seen them: pure.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wardvoice_protocol::directory::Directory;
use wardvoice_protocol::id::WardId;

use super::{Course, HelpDesk, OPEN_FOR, REMEMBERED_FOR};
use crate::delivery::{Delivery, Told};

/// The times of a trust and its wards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimesSheet {
    /// How many days they are of: the requests that came in the days up to now.
    pub days: i64,
    /// The whole trust.
    pub trust: Times,
    /// The wards that had a request, in the directory's order.
    pub wards: Vec<WardTimes>,
}

/// The times of a ward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WardTimes {
    /// The ward's id.
    #[schema(value_type = String)]
    pub ward: WardId,
    /// Its name.
    pub name: String,
    /// Its times.
    pub times: Times,
}

/// What became of requests, and how long it took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Times {
    /// How many requests there were.
    pub requests: u64,
    /// From the request to the first contact having the message; of those that a contact was told of.
    pub delivered: Waits,
    /// From the request to somebody saying that it was seen; of those that were seen.
    pub seen: Waits,
    /// How many were not seen so soon that only the first contact had to be told.
    pub escalated: u64,
    /// How many wait now.
    pub waiting: u64,
    /// How many nobody has ever seen, until they were no longer shown.
    pub never_seen: u64,
}

/// How long some of them took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Waits {
    /// How many.
    pub n: u64,
    /// The time that half of them did not exceed, in seconds.
    pub median_s: Option<i64>,
    /// The longest, in seconds.
    pub longest_s: Option<i64>,
}

/// The times of requests by ward, `wards` with their names in the order to show them.
fn times<'a>(
    courses: &[(Course, Told)],
    wards: impl Iterator<Item = (&'a WardId, &'a str)>,
    now: Timestamp,
) -> TimesSheet {
    let of_ward = |(ward, name): (&WardId, &str)| {
        let times = Times::of(courses.iter().filter(|(course, _)| course.ward == *ward), now);
        (times.requests > 0).then(|| WardTimes { ward: ward.clone(), name: name.to_owned(), times })
    };
    TimesSheet {
        days: REMEMBERED_FOR.as_hours() / 24,
        trust: Times::of(courses.iter(), now),
        wards: wards.filter_map(of_ward).collect(),
    }
}

impl HelpDesk {
    /// The times of the requests that came in the last [`REMEMBERED_FOR`].
    pub fn times(&self, delivery: &Delivery, directory: &Directory, now: Timestamp) -> TimesSheet {
        let told = delivery.told();
        let courses = self.courses(now).into_iter().map(|course| {
            let told = told.get(&course.record).copied().unwrap_or_default();
            (course, told)
        });
        let courses: Vec<_> = courses.collect();
        times(&courses, directory.wards().iter().map(|ward| (&ward.id, ward.name.as_str())), now)
    }
}

impl Times {
    fn of<'a>(courses: impl Iterator<Item = &'a (Course, Told)>, now: Timestamp) -> Self {
        let (mut times, mut delivered, mut seen) = (Self::default(), Vec::new(), Vec::new());
        for (course, told) in courses {
            let since = |moment: Timestamp| moment.duration_since(course.arrived).max(SignedDuration::ZERO);
            times.requests += 1;
            times.escalated += u64::from(told.escalated);
            delivered.extend(told.first.map(since));
            match course.seen {
                Some(moment) => seen.push(since(moment)),
                None if since(now) <= OPEN_FOR => times.waiting += 1,
                None => times.never_seen += 1,
            }
        }
        Self { delivered: Waits::of(delivered), seen: Waits::of(seen), ..times }
    }
}

impl Waits {
    fn of(mut all: Vec<SignedDuration>) -> Self {
        all.sort_unstable();
        let median = all.get(all.len().div_ceil(2).saturating_sub(1));
        Self {
            n: all.len() as u64,
            median_s: median.map(SignedDuration::as_secs),
            longest_s: all.last().map(SignedDuration::as_secs),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use wardvoice_protocol::id::RecordId;

    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_764_000_000 + minutes * 60).unwrap()
    }

    /// A request on a ward that came at a minute, was delivered and seen so many minutes later.
    fn course(
        ward: &str,
        came: i64,
        delivered: Option<i64>,
        seen: Option<i64>,
        escalated: bool,
    ) -> (Course, Told) {
        let record = RecordId::new(u64::try_from(came).unwrap(), [1; 10]);
        let seen = seen.map(|minutes| at(came + minutes));
        let told = Told { first: delivered.map(|minutes| at(came + minutes)), escalated };
        (Course { record, ward: ward.parse().unwrap(), arrived: at(came), seen }, told)
    }

    #[test]
    fn medians_longest_and_n_of_each_ward_and_the_trust() {
        let week = 7 * 24 * 60;
        let courses = [
            course("W1", 0, Some(0), Some(3), false),
            course("W1", 10, Some(2), Some(9), true),
            course("W1", 20, None, Some(4), false),
            course("W2", 30, Some(1), None, true),
            course("W2", week + 60, Some(0), None, false),
        ];
        let wards: Vec<WardId> = ["W2", "W1", "W3"].map(|ward| ward.parse().unwrap()).into();
        let sheet = times(&courses, wards.iter().map(|ward| (ward, ward.as_str())), at(week + 61));
        let waits =
            |n, median: i64, longest: i64| Waits { n, median_s: Some(median * 60), longest_s: Some(longest * 60) };
        let first = Times {
            requests: 3,
            delivered: waits(2, 0, 2),
            seen: waits(3, 4, 9),
            escalated: 1,
            waiting: 0,
            never_seen: 0,
        };
        let second = Times {
            requests: 2,
            delivered: waits(2, 0, 1),
            seen: Waits::default(),
            escalated: 1,
            waiting: 1,
            never_seen: 1,
        };
        let found: Vec<_> = sheet.wards.iter().map(|row| (row.ward.as_str(), row.times)).collect();
        assert_eq!(found, [("W2", second), ("W1", first)], "a ward without a request has no row");
        assert_eq!((sheet.days, sheet.trust.requests, sheet.trust.escalated), (28, 5, 2));
        assert_eq!((sheet.trust.delivered, sheet.trust.seen), (waits(4, 0, 2), waits(3, 4, 9)));
        assert_eq!(times(&[], wards.iter().map(|ward| (ward, "")), at(0)).trust, Times::default());
    }
}
