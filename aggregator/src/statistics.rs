//! Numbers, and no word of the domain but the national test's six answers: sums, proportions, means.
//!
//! Everything a page shows can be run on anybody's numbers through [`desk`], so that an analyst can check us.
//!
//! Invariants: pure; deterministic in the order of its input; a figure that does not exist is `None` and never NaN, 0 or
//! a flag; sums are [compensated](sum).
//!
//! Failure modes: functions whose input can be wrong return an error that names the field; the others cannot fail.

#![warn(missing_docs)]

pub mod chi_squared;
pub mod desk;
pub mod domain_mean;
pub mod expected_range;
pub mod friends_and_family;
pub mod funnel;
mod incomplete_beta;
pub mod joint_sums;
pub mod mean;
pub mod moving_range;
pub mod national_suppression;
pub mod over_dispersion;
pub mod p_chart;
pub mod proportion;
pub mod quantile;
pub mod reliability;
pub mod run_chart;
pub mod sample_quantile;
pub mod sum;
pub mod suppression;
pub mod variation;
pub mod weighted_mean;
pub mod xmr;

pub use domain_mean::{Coefficient, LinearMean, People, domain_mean, linear_mean};
pub use friends_and_family::FriendsAndFamilyCounts;
pub use mean::{MeanInterval, mean_interval};
pub use proportion::{Proportion, exact, wilson};
pub use sum::Sum;
