//! The generated trust: 3 sites, 26 wards, 60 consultants with numbers for names.

use wardvoice_protocol::board::Bay;
use wardvoice_protocol::directory::{
    ConsultantEntry, DepartmentEntry, DirectoryFile, SiteEntry, SpecialtyEntry, TrustEntry, WardEntry,
};
use wardvoice_protocol::id::{ConsultantId, IdError};

use super::dice::Dice;

const SITES: [(&str, &str); 3] = [("S1", "North Site"), ("S2", "River Site"), ("S3", "Hill Site")];

const DEPARTMENTS: [(&str, &str); 4] = [
    ("medicine", "Medicine"),
    ("surgery", "Surgery"),
    ("older_people", "Care of Older People"),
    ("family", "Family Care"),
];

/// Id, name, department, and how many wards have it as their main specialty: 26 in all.
const SPECIALTIES: [(&str, &str, &str, usize); 12] = [
    ("acute_medicine", "Acute Medicine", "medicine", 3),
    ("cardiology", "Cardiology", "medicine", 2),
    ("respiratory", "Respiratory Medicine", "medicine", 2),
    ("gastroenterology", "Gastroenterology", "medicine", 2),
    ("stroke", "Stroke Medicine", "medicine", 1),
    ("orthopaedics", "Orthopaedics", "surgery", 4),
    ("general_surgery", "General Surgery", "surgery", 3),
    ("urology", "Urology", "surgery", 1),
    ("ear_nose_throat", "Ear, Nose and Throat", "surgery", 1),
    ("elderly_care", "Elderly Care", "older_people", 4),
    ("rehabilitation", "Rehabilitation", "older_people", 2),
    ("gynaecology", "Gynaecology", "family", 1),
];

const CONSULTANTS: usize = 60;

/// A trust for demonstrations. The seed decides the numbers of beds; everything else is fixed, so that the documented
/// effects always have their wards.
pub fn directory(seed: u64) -> DirectoryFile {
    // Every id below is a constant of the right shape; a test generates the whole file.
    generate(seed).unwrap_or_else(|error| unreachable!("a generated id is no id: {error}"))
}

fn generate(seed: u64) -> Result<DirectoryFile, IdError> {
    let mut dice = Dice::new(seed, 1);
    let mains = SPECIALTIES.iter().flat_map(|specialty| std::iter::repeat_n(specialty, specialty.3));
    let wards = mains.enumerate().map(|(place, (specialty, name, department, _))| {
        let number = place + 1;
        let (site, _) = SITES.get(place * SITES.len() / 26).unwrap_or(&("S1", ""));
        Ok(WardEntry {
            id: format!("W{number:02}").parse()?,
            name: format!("Ward {number} ({name}, demonstration)"),
            site: site.parse()?,
            department: department.parse()?,
            specialties: vec![specialty.parse()?],
            beds: u16::try_from(16 + dice.below(17)).unwrap_or(16),
            bays: Vec::new(),
        })
    });
    let mut wards = wards.collect::<Result<Vec<_>, IdError>>()?;
    let consultants = (1..=CONSULTANTS).map(|number| {
        // Consultants share the specialties in proportion to the wards: dealt round the list of wards.
        let dealt = wards.get((number - 1) % wards.len()).and_then(|ward| ward.specialties.first());
        let specialty = dealt.cloned().map_or_else(|| "acute_medicine".parse(), Ok)?;
        let on = wards.iter().filter(|ward| ward.specialties.contains(&specialty)).map(|ward| ward.id.clone());
        let id = format!("C{number:02}");
        Ok(ConsultantEntry { id: id.parse()?, label: format!("Consultant {id}"), wards: on.collect(), specialty })
    });
    let consultants = consultants.collect::<Result<Vec<_>, IdError>>()?;
    for ward in &mut wards {
        let here = consultants.iter().filter(|consultant| consultant.wards.contains(&ward.id));
        ward.bays = bays(ward.beds, &here.map(|consultant| consultant.id.clone()).collect::<Vec<_>>());
    }
    let site =
        |(id, name): &(&str, &str)| Ok(SiteEntry { id: id.parse()?, name: format!("{name} (demonstration)") });
    let department = |(id, name): &(&str, &str)| Ok(DepartmentEntry { id: id.parse()?, name: (*name).to_owned() });
    let specialties = SPECIALTIES
        .iter()
        .map(|(id, name, _, _)| Ok(SpecialtyEntry { id: id.parse()?, name: (*name).to_owned() }));
    Ok(DirectoryFile {
        version: 1,
        trust: TrustEntry { id: "DEMO".parse()?, name: "Demonstration Trust (generated)".to_owned() },
        sites: SITES.iter().map(site).collect::<Result<_, IdError>>()?,
        departments: DEPARTMENTS.iter().map(department).collect::<Result<_, IdError>>()?,
        specialties: specialties.collect::<Result<_, IdError>>()?,
        wards,
        consultants,
    })
}

/// Bays of six beds and side rooms of one. The roster gives each bay to one of the ward's consultants; side rooms are
/// nobody's by the roster, so that the volunteer has something to choose.
fn bays(beds: u16, consultants: &[ConsultantId]) -> Vec<Bay> {
    const IN_A_BAY: usize = 6;
    const SIDE_ROOMS: u16 = 4;
    let numbers = |from: u16, to: u16| (from..=to).map(|number| number.to_string()).collect::<Vec<_>>();
    let in_bays = numbers(1, beds.saturating_sub(SIDE_ROOMS));
    let bays = in_bays.chunks(IN_A_BAY).enumerate().map(|(place, beds)| Bay {
        name: format!("Bay {}", place + 1),
        beds: beds.to_vec(),
        consultant: consultants.get(place % consultants.len().max(1)).cloned(),
    });
    let side_rooms = numbers(beds.saturating_sub(SIDE_ROOMS) + 1, beds)
        .into_iter()
        .enumerate()
        .map(|(place, bed)| Bay { name: format!("Side room {}", place + 1), beds: vec![bed], consultant: None });
    bays.chain(side_rooms).collect()
}
