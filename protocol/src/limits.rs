//! Sizes that both ends enforce before they accept anything.

/// The largest record, as JSON before it is sealed, in bytes.
pub const MAX_RECORD_BYTES: usize = 24 * 1024;

/// The largest payload on a records topic, in bytes. A sealed record of [`MAX_RECORD_BYTES`] fits.
pub const MAX_ENVELOPE_BYTES: usize = 40 * 1024;

/// The largest message of any other kind (assignment, posting, questionnaire, directory, receipt), in bytes.
pub const MAX_MESSAGE_BYTES: usize = 512 * 1024;

/// The longest free-text comment, in Unicode scalar values.
pub const MAX_COMMENT_CHARACTERS: usize = 1_000;
