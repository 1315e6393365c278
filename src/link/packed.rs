//! Where values end in packed bytes (`MessagePack`), without decoding them.

use rmp::Marker;

/// Bytes that do not say what they should: cut off, or of another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads packed bytes from their front.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// What a value holds beside its own bytes: how many more values.
struct Extent {
    bytes: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the front of the bytes.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How far it has come.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Whether nothing is left.
    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// The head of a map: how many pairs follow. Where something else comes, nothing is taken.
    pub(super) fn map(&mut self) -> Option<usize> {
        self.head(|marker| match marker {
            Marker::FixMap(count) => Some(Length::Known(count.into())),
            Marker::Map16 => Some(Length::Bytes(2)),
            Marker::Map32 => Some(Length::Bytes(4)),
            _ => None,
        })
    }

    /// The head of a list: how many values follow. Where something else comes, nothing is taken.
    pub(super) fn list(&mut self) -> Option<usize> {
        self.head(|marker| match marker {
            Marker::FixArray(count) => Some(Length::Known(count.into())),
            Marker::Array16 => Some(Length::Bytes(2)),
            Marker::Array32 => Some(Length::Bytes(4)),
            _ => None,
        })
    }

    /// Passes over one value with everything inside it.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        let mut left: usize = 1;
        while left > 0 {
            let Extent { bytes, values } = self.extent()?;
            self.at = self.at.checked_add(bytes).filter(|&end| end <= self.bytes.len()).ok_or(Malformed)?;
            // Each value takes a byte at least: more than that cannot be there.
            left = (left - 1).checked_add(values).filter(|&left| left <= self.bytes.len()).ok_or(Malformed)?;
        }
        Ok(())
    }

    fn head(&mut self, length: impl Fn(Marker) -> Option<Length>) -> Option<usize> {
        let mut ahead = *self;
        let count = match length(ahead.marker().ok()?)? {
            Length::Known(count) => count,
            Length::Bytes(width) => ahead.number(width).ok()?,
        };
        *self = ahead;
        Some(count)
    }

    fn marker(&mut self) -> Result<Marker, Malformed> {
        let byte = *self.bytes.get(self.at).ok_or(Malformed)?;
        self.at += 1;
        Ok(Marker::from_u8(byte))
    }

    fn number(&mut self, width: usize) -> Result<usize, Malformed> {
        let bytes = self.bytes.get(self.at..).and_then(|rest| rest.get(..width)).ok_or(Malformed)?;
        self.at += width;
        Ok(bytes.iter().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    }

    /// Takes the head of a value and tells what belongs to it.
    fn extent(&mut self) -> Result<Extent, Malformed> {
        let plain = |bytes| Extent { bytes, values: 0 };
        let holds = |values| Extent { bytes: 0, values };
        Ok(match self.marker()? {
            Marker::Null | Marker::False | Marker::True | Marker::FixPos(_) | Marker::FixNeg(_) => plain(0),
            Marker::U8 | Marker::I8 => plain(1),
            Marker::U16 | Marker::I16 | Marker::FixExt1 => plain(2),
            Marker::FixExt2 => plain(3),
            Marker::U32 | Marker::I32 | Marker::F32 => plain(4),
            Marker::FixExt4 => plain(5),
            Marker::U64 | Marker::I64 | Marker::F64 => plain(8),
            Marker::FixExt8 => plain(9),
            Marker::FixExt16 => plain(17),
            Marker::FixStr(length) => plain(length.into()),
            Marker::Str8 | Marker::Bin8 => plain(self.number(1)?),
            Marker::Str16 | Marker::Bin16 => plain(self.number(2)?),
            Marker::Str32 | Marker::Bin32 => plain(self.number(4)?),
            Marker::Ext8 => plain(self.number(1)? + 1),
            Marker::Ext16 => plain(self.number(2)? + 1),
            Marker::Ext32 => plain(self.number(4)?.saturating_add(1)),
            Marker::FixArray(count) => holds(count.into()),
            Marker::Array16 => holds(self.number(2)?),
            Marker::Array32 => holds(self.number(4)?),
            Marker::FixMap(count) => holds(usize::from(count) * 2),
            Marker::Map16 => holds(self.number(2)? * 2),
            Marker::Map32 => holds(self.number(4)?.saturating_mul(2)),
            Marker::Reserved => return Err(Malformed),
        })
    }
}

/// How long a head says its value is.
enum Length {
    Known(usize),
    Bytes(usize),
}
