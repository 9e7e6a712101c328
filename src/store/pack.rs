//! Raw mails as they are kept: zstd (RFC 8878), made and undone off the writer's thread.

use std::cell::RefCell;

use zstd::bulk::Compressor;

use super::{Result, StoreError};

/// Mail is mostly base64 and repeated headers: the second level is about as small as the fifth at twice its speed.
const LEVEL: i32 = 2;

/// A raw mail as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    bytes: Vec<u8>,
    size: usize,
}

impl Packed {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Of the mail, in bytes.
    pub fn size(&self) -> usize {
        self.size
    }
}

/// Compresses a raw mail for [`super::Arrival::packed`].
///
/// # Errors
/// Only where memory is lacking.
pub fn pack(raw: &[u8]) -> Result<Packed> {
    thread_local! {
        // Its tables are larger than most mails, and dearer to set up than these are to pack.
        static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    }
    let packed = PACKER.with_borrow_mut(|packer| match packer {
        Some(packer) => packer.compress(raw),
        None => packer.insert(Compressor::new(LEVEL)?).compress(raw),
    });
    let bytes =
        packed.map_err(|error| StoreError::Unavailable(format!("Packing a mail of {} bytes: {error}", raw.len())))?;
    Ok(Packed { bytes, size: raw.len() })
}

/// The inverse of [`pack`], of at most `max` bytes: what claims to be larger is damage, not a mail.
///
/// # Errors
/// [`StoreError::Broken`] where the bytes are no packed mail or unpack to more than `max`.
pub fn unpack(packed: &[u8], max: usize) -> Result<Vec<u8>> {
    zstd::bulk::decompress(packed, max)
        .map_err(|error| StoreError::Broken(format!("Unpacking a stored mail of at most {max} bytes: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back() {
        for raw in [&b""[..], b"x", &b"Subject: hello\r\n\r\nhello\r\n".repeat(1000)] {
            let packed = pack(raw).expect("packs");
            assert_eq!(unpack(packed.bytes(), packed.size()).expect("unpacks"), raw);
        }
    }

    #[test]
    fn a_bomb_or_rubbish_is_refused_within_the_bound() {
        let packed = pack(&vec![0; 10_000_000]).expect("packs");
        assert!(packed.bytes().len() < 10_000, "the bomb is small");
        assert!(matches!(unpack(packed.bytes(), 1_000_000), Err(StoreError::Broken(_))));
        assert!(matches!(unpack(b"not zstd at all", 100), Err(StoreError::Broken(_))));
    }
}
