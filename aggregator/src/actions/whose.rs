//! Whose an action is: a ward's, a department's, a specialty's, a site's or the trust's, and what stands over it.
//!
//! What a larger unit changes, it changes for the patients of all its wards: so the changes of what stands over a ward are among the
//! ward's, and the measured effect of an action does not reach past them. A specialty is the wards that it leads, here as in its scores.

use wardvoice_protocol::directory::{Directory, Unit, WardEntry};

/// Whether a unit can take actions on: the directory has it, and it is no consultant, of whom nothing is for everybody to see.
pub fn acts(directory: &Directory, unit: &Unit) -> bool {
    let file = directory.file();
    match unit {
        Unit::Ward(id) => directory.ward(id).is_some(),
        Unit::Department(id) => file.departments.iter().any(|entry| entry.id == *id),
        Unit::Site(id) => file.sites.iter().any(|entry| entry.id == *id),
        Unit::Trust(id) => file.trust.id == *id,
        Unit::Specialty(id) => file.specialties.iter().any(|entry| entry.id == *id),
        Unit::Consultant(_) => false,
    }
}

/// A unit and the department, the specialty, the site and the trust that all its wards are of; a unit without wards stands alone, and under the
/// trust.
pub fn over(directory: &Directory, unit: &Unit) -> Vec<Unit> {
    let mut wards = directory.wards().iter().filter(|ward| is_of(ward, unit));
    let mut found = vec![unit.clone()];
    if let Some(first) = wards.next() {
        let rest: Vec<&WardEntry> = wards.collect();
        let specialty = first.specialties.first().map(|id| Unit::Specialty(id.clone()));
        let larger = [Unit::Department(first.department.clone())].into_iter().chain(specialty);
        let larger = larger.chain([Unit::Site(first.site.clone())]);
        found.extend(larger.filter(|over| over != unit && rest.iter().all(|ward| is_of(ward, over))));
    }
    let trust = Unit::Trust(directory.file().trust.id.clone());
    if *unit != trust {
        found.push(trust);
    }
    found
}

/// Whether what one unit does stands on the page of another: the unit's own, and that of each of its parts.
pub fn belongs(directory: &Directory, whose: &Unit, page: &Unit) -> bool {
    if whose == page {
        return true;
    }
    let wards = directory.wards();
    let own = |ward: &&WardEntry| is_of(ward, whose);
    let is_part =
        wards.iter().any(|ward| is_of(ward, whose)) && wards.iter().filter(own).all(|ward| is_of(ward, page));
    let is_smaller = wards.iter().any(|ward| is_of(ward, page) && !is_of(ward, whose));
    is_part && (is_smaller || rank(whose) < rank(page))
}

/// Wards before departments before specialties before sites before the trust, so that of two units with the same wards only one is a part of
/// the other.
fn rank(unit: &Unit) -> u8 {
    match unit {
        Unit::Ward(_) => 0,
        Unit::Department(_) => 1,
        Unit::Specialty(_) => 2,
        Unit::Site(_) => 3,
        Unit::Trust(_) => 4,
        Unit::Consultant(_) => 5,
    }
}

fn is_of(ward: &WardEntry, unit: &Unit) -> bool {
    match unit {
        Unit::Ward(id) => ward.id == *id,
        Unit::Department(id) => ward.department == *id,
        Unit::Site(id) => ward.site == *id,
        Unit::Specialty(id) => ward.specialties.first() == Some(id),
        Unit::Trust(_) => true,
        Unit::Consultant(_) => false,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

    use super::*;
    use crate::directory::example;

    fn unit(text: &str) -> Unit {
        text.parse().unwrap()
    }

    #[test]
    fn what_stands_over_a_ward_is_its_department_its_specialty_its_site_and_the_trust() {
        let directory = example();
        let trust = Unit::Trust(directory.file().trust.id.clone());
        for ward in directory.wards() {
            let department = Unit::Department(ward.department.clone());
            let expected = [
                Unit::Ward(ward.id.clone()),
                department.clone(),
                Unit::Specialty(ward.specialties.first().unwrap().clone()),
                Unit::Site(ward.site.clone()),
                trust.clone(),
            ];
            let own = Unit::Ward(ward.id.clone());
            assert_eq!(over(&directory, &own), expected);
            for page in expected {
                assert!(belongs(&directory, &own, &page), "{own} on {page}");
            }
            assert!(!belongs(&directory, &department, &own), "what a department does is not the ward's own");
        }
        assert_eq!(over(&directory, &trust).first(), Some(&trust));
        assert!(!over(&directory, &trust).iter().any(|over| matches!(over, Unit::Ward(_))));
        assert!(over(&directory, &unit("department:none")).contains(&trust));
    }

    #[test]
    fn of_two_units_with_the_same_wards_one_is_a_part_of_the_other_and_a_smaller_one_always_is() {
        let directory = example();
        let [department, specialty] = [unit("department:medicine"), unit("specialty:general-medicine")];
        assert!(belongs(&directory, &department, &specialty) && !belongs(&directory, &specialty, &department));
        let [surgery, site] = [unit("specialty:general-surgery"), unit("site:S1")];
        assert!(belongs(&directory, &surgery, &site) && !belongs(&directory, &site, &surgery));
        assert!(!belongs(&directory, &surgery, &department) && !belongs(&directory, &specialty, &site));
        // They change things for the same people.
        assert!(over(&directory, &department).contains(&specialty));
        assert!(over(&directory, &specialty).contains(&department));
        assert!(!over(&directory, &site).contains(&surgery) && over(&directory, &surgery).contains(&site));
    }

    #[test]
    fn wards_departments_specialties_sites_and_the_trust_act_and_nobody_else() {
        let directory = example();
        let file = directory.file();
        let (ward, specialty) = (directory.wards().first().unwrap(), file.specialties.first().unwrap());
        for unit in [
            Unit::Ward(ward.id.clone()),
            Unit::Department(ward.department.clone()),
            Unit::Site(ward.site.clone()),
            Unit::Trust(file.trust.id.clone()),
            Unit::Specialty(specialty.id.clone()),
        ] {
            assert!(acts(&directory, &unit), "{unit}");
        }
        for unit in ["specialty:none", "ward:NONE", "department:none", "consultant:C1"].map(unit) {
            assert!(!acts(&directory, &unit), "{unit}");
        }
    }
}
