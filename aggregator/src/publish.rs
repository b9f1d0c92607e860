//! Pages for everybody, or for everybody who works in the trust, as files: a site that a web server or a file share shows without us.
//!
//! # Vocabulary
//!
//! - an *[edition](Edition)* is whom a site is for: the public, or the trust's own people;
//! - the *[material](Material)* is everything that a site is made of;
//! - a *[site](Site)* is its files by name, and its *version* is a hash of them;
//! - a *[destination](Destination)* is the folder, and the web server, that an edition goes to.
//!
//! # Invariants
//!
//! - Every figure comes from the ledger of releases and every comment from [`Comments::released`](crate::comments::Comments::released) for the
//!   edition's audience; the material knows no facts, so no slip in a page can show what was not released. What a change came to is worked out
//!   from released figures too. Our rule for small numbers holds for other wards as it does for the public, so figures are the same in both
//!   editions.
//! - The same material gives the same bytes: no page knows what time it is.
//! - Pages need no script, no network and no other host, and find each other beside them, so they work from a file share.
//! - Whoever reads sees one version or the next, never half of one ([`put_in_place`]).
//!
//! # Failure modes
//!
//! [`PlaceError`] and [`PostError`] say which file failed and what to do. After either, what stood before still stands.

mod data;
mod deliver;
mod edition;
mod effects;
mod files;
mod gather;
mod last;
mod material;
mod pages;
mod place;
mod post;
mod standing;
mod switch;

pub use deliver::{DeliverError, Delivered, Destination, Put, deliver};
pub use edition::{Edition, EditionError};
pub use files::{File, Site, site};
pub use gather::Sources;
pub use last::{Came, Publishing, Publishings};
pub use material::{ChangeLine, Figure, Material, PlanLine, Told, UnitPart, WardPart};
pub use place::{PlaceError, Placed, put_in_place};
pub use post::{Login, PostError, Posting, post};
pub use standing::{Difference, Standing};
pub use switch::By;

#[cfg(test)]
mod tests;
